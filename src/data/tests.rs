//! Files of every format, read into trees; and what the errors say.
#![allow(clippy::unwrap_used)]

use expect_test::{Expect, expect};

use super::*;
use crate::prelude::*;

#[derive(Tree, Clone, Debug)]
struct Layer<L: Leaf = Tensor> {
    w: L,
    b: Option<L>,
}

#[derive(Tree, Clone, Debug)]
struct Net<L: Leaf = Tensor> {
    layers: Vec<Layer<L>>,
    #[tree(static, name = "link")]
    link_name: Option<String>,
}

#[derive(Tree, Clone, Debug)]
struct Counts<L: Leaf = Tensor> {
    y: L,
    #[tree(float)]
    x: Option<L>,
    #[tree(static, name = "K")]
    groups: usize,
}

fn json(text: &str) -> DataFile {
    DataFile::json("data.json", text).unwrap()
}

fn leaf<T: Tree<Array>>(file: &DataFile, read: fn(T) -> Array) -> Array {
    read(file.read().unwrap())
}

#[test]
fn json_types_are_the_narrowest_that_hold_all() {
    let array = |text: &str| leaf::<Array>(&json(text), |a| a);
    assert_eq!(array(r#"{"y": [1, -2]}"#), Array::from([1i64, -2]));
    assert_eq!(array(r#"{"y": [1, 2.5]}"#), Array::from([1.0, 2.5]));
    assert_eq!(array(r#"{"y": [true, false]}"#), Array::from([true, false]));
    assert_eq!(array(r#"{"y": 3}"#), Array::from(3i64));
    assert_eq!(array(r#"{"y": [[1, 2], [3, 4.0]]}"#), Array::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]).unwrap());
    assert_eq!(array(r#"{"y": [[], []]}"#).dims(), [2, 0]);
    assert_eq!(array(r#"{"y": 1e300}"#), Array::from(1e300));
    assert_eq!(array(r#"{"y": 9223372036854775808}"#), Array::from(9_223_372_036_854_775_808.0));
}

#[test]
fn json_structures_nest() {
    let file = json(r#"{"link": "log", "layers": [{"w": [1.5]}, {"w": [2.5, 3.5], "b": [0]}]}"#);
    let net: Net<Array> = file.read().unwrap();
    assert_eq!(net.link_name.as_deref(), Some("log"));
    assert_eq!(net.layers[1].b, Some(Array::from([0i64])));
    assert!(net.layers[0].b.is_none());
    assert!(file.unread(&net).is_empty());
}

#[test]
fn static_fields_float_fields_and_optional_ones() {
    let file = json(r#"{"K": 4, "y": [1, 2], "x": [1, 2], "N": 2}"#);
    let data: Counts<Array> = file.read().unwrap();
    assert_eq!((data.groups, &data.y), (4, &Array::from([1i64, 2])));
    assert_eq!(data.x, Some(Array::from([1.0, 2.0])));
    assert_eq!(file.unread(&data), ["N"]);
    let data: Counts<Array> = json(r#"{"K": 4, "y": [1, 2], "x": null}"#).read().unwrap();
    assert!(data.x.is_none());
}

#[test]
fn archives_of_numpy() {
    let file =
        DataFile::of("arrays.npz", "", npz::fields(include_bytes!("../../tests/golden/arrays.npz"))).unwrap();
    let array = |name: &str| match &file.fields[name] {
        Field::Array(array) => array.clone(),
        other => unreachable!("{name}: {other:?}"),
    };
    let quarters = |dtype| Array::new([2, 3], vec![0.0, 0.25, 0.5, 0.75, 1.0, 1.25]).unwrap().convert(dtype);
    assert_eq!(array("f64"), quarters(DType::F64));
    assert_eq!(array("f32"), quarters(DType::F32));
    assert_eq!(array("big"), quarters(DType::F64));
    let whole = |from: i64, dtype| Array::new([2, 3], (from..from + 6).collect()).unwrap().convert(dtype);
    for (name, from, dtype) in [
        ("i64", -3, DType::I64),
        ("i32", -3, DType::I32),
        ("i16", -3, DType::I64),
        ("i8", -3, DType::I64),
        ("u64", 0, DType::U64),
        ("u32", 0, DType::U32),
        ("u16", 65530, DType::I64),
        ("u8", 250, DType::I64),
    ] {
        assert_eq!(array(name), whole(from, dtype), "{name}");
    }
    assert_eq!(array("fortran"), Array::new([2, 3, 4], (0..24).map(f64::from).collect()).unwrap());
    assert_eq!(array("bool"), Array::new([2, 3], vec![true, false, true, false, true, false]).unwrap());
    assert_eq!(array("scalar"), Array::from(7i64));
    assert_eq!(array("empty").dims(), [0, 3]);
    let layers: Layers<Array> = file.read().unwrap();
    assert_eq!(layers.layers[1].w, Array::from([2.0, 2.0, 2.0]));
    assert_eq!(layers.scalar, 7);
}

#[derive(Tree, Clone, Debug)]
struct Layers<L: Leaf = Tensor> {
    layers: Vec<Layer<L>>,
    #[tree(static)]
    scalar: i64,
}

#[test]
fn columns_of_csv() {
    let text = "\u{feff}y, x,who,\"K\"\r\n1,0.5,\"Ann, \"\"B\"\"\",2\r\n3,2,Carl,2\r\n";
    let file = DataFile::of("data.csv", "", csv::fields(text.as_bytes())).unwrap();
    let data: Pair<Array> = file.read().unwrap();
    assert_eq!((data.y, data.x), (Array::from([1i64, 3]), Array::from([0.5, 2.0])));
}

#[derive(Tree, Clone, Debug)]
struct Pair<L: Leaf = Tensor> {
    y: L,
    x: L,
}

#[test]
fn errors_name_file_and_field() {
    fn check<T: Tree<Array>>(file: Result<DataFile, DataFileError>, expected: Expect) {
        let message = file.and_then(|file| file.read::<T>()).err().map(|e| e.to_string());
        expected.assert_eq(&message.unwrap_or_else(|| "read".into()));
    }
    let json = |text| DataFile::json("data.json", text);
    let csv = |text: &str| DataFile::of("data.csv", "columns", csv::fields(text.as_bytes()));
    let npz = |bytes: &[u8]| DataFile::of("data.npz", "an archive", npz::fields(bytes));
    check::<Array>(json("[1]"), expect!["data.json: expected a JSON object of fields, found a list of 1"]);
    check::<Array>(
        json("{"),
        expect![
            "data.json: expected a JSON object of fields, found EOF while parsing an object at line 1 column 1"
        ],
    );
    check::<Pair<Array>>(
        json(r#"{"y": [1], "N": 1}"#),
        expect!["data.json: the field `x` is missing; there are y, N"],
    );
    check::<Array>(
        json(r#"{"y": [1], "N": 1}"#),
        expect!["data.json: expected one field, the model's data, found y, N"],
    );
    check::<Pair<Array>>(json("{}"), expect!["data.json: the field `y` is missing; there are none"]);
    check::<Array>(
        json(r#"{"y": [1, null]}"#),
        expect![
            "data.json: field `y`: expected numbers or truth values, nested evenly, found null at index [1]"
        ],
    );
    check::<Array>(
        json(r#"{"y": [1, true]}"#),
        expect![
            "data.json: field `y`: expected numbers or truth values, nested evenly, found both truth values and numbers, the first at index [1]"
        ],
    );
    check::<Array>(
        json(r#"{"y": [[1, 2], [3]]}"#),
        expect![
            "data.json: field `y`: expected numbers or truth values, nested evenly, found a list of 1 at index [1], where others are lists of 2"
        ],
    );
    check::<Array>(
        json(r#"{"y": [[1, 2], 3]}"#),
        expect![
            "data.json: field `y`: expected numbers or truth values, nested evenly, found the number 3 at index [1], where others are lists of 2"
        ],
    );
    check::<Array>(
        json(r#"{"y": [1, [2]]}"#),
        expect![
            "data.json: field `y`: expected numbers or truth values, nested evenly, found a list of 1 at index [1]"
        ],
    );
    check::<Counts<Array>>(
        json(r#"{"y": [1], "K": -1}"#),
        expect!["data.json: field `K`: expected a whole number, not negative, found the number -1"],
    );
    check::<Counts<Array>>(
        json(r#"{"y": [1], "x": [true], "K": 1}"#),
        expect!["data.json: field `x`: expected numbers, found truth values"],
    );
    check::<Net<Array>>(
        json(r#"{"layers": [{"w": [1]}, {"v": [1]}], "link": null}"#),
        expect!["data.json: the field `layers.1.w` is missing; there are layers, link"],
    );
    check::<Net<Array>>(
        json(r#"{"layers": 3, "link": null}"#),
        expect!["data.json: field `layers`: expected a list, found the number 3"],
    );
    check::<Pair<Array>>(
        csv("y,x\n1,a\n"),
        expect![[r#"data.csv: field `x`: expected a column of numbers or truth values, found "a" in row 1"#]],
    );
    check::<Pair<Array>>(
        csv("y,x\n1,2\n3,NA\n"),
        expect![[
            r#"data.csv: field `x`: expected a column of numbers or truth values, found "NA" in row 2"#
        ]],
    );
    check::<Pair<Array>>(
        csv("y,x\n1\n"),
        expect![
            "data.csv: expected columns, found CSV error: record 1 (line: 2, byte: 4): found record with 1 fields, but the previous record has 2 fields"
        ],
    );
    check::<Pair<Array>>(
        csv("y,y\n1,2\n"),
        expect!["data.csv: expected columns, found two columns under `y`"],
    );
    check::<Array>(
        npz(b"PK"),
        expect!["data.npz: expected an archive, found invalid Zip archive: Could not find EOCD"],
    );
    let golden = || npz(include_bytes!("../../tests/golden/arrays.npz"));
    for name in ["complex", "text", "records"] {
        let mut file = golden().unwrap();
        file.fields.retain(|key, _| key == name);
        check::<Array>(
            Ok(file),
            match name {
                "complex" => expect![
                    "data.npz: field `complex`: expected an array of truth values, integers of at most 64 bits, or floats of 32 or 64, found the dtype '<c16'"
                ],
                "text" => expect![
                    "data.npz: field `text`: expected an array of truth values, integers of at most 64 bits, or floats of 32 or 64, found the dtype '<U2'"
                ],
                _ => expect![
                    "data.npz: field `records`: expected an array of truth values, integers of at most 64 bits, or floats of 32 or 64, found the dtype '[('a', '<f8'), ('b', '<i4')]'"
                ],
            },
        );
    }
    check::<Array>(
        DataFile::open("data.rds"),
        expect!["data.rds: expected a file named .json, .npz or .csv"],
    );
    check::<Array>(
        DataFile::open("none/data.json"),
        expect!["none/data.json: No such file or directory (os error 2)"],
    );
}

#[test]
fn damaged_arrays_are_refused() {
    let member = |header: &str, data: &[u8]| {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        npz::array(&bytes)
    };
    let header = |shape: &str| format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape}), }}");
    assert!(member(&header("1,"), &[0; 8]).is_ok());
    assert!(member(&header("2,"), &[0; 8]).is_err());
    assert!(member(&header("18446744073709551615, 2"), &[0; 8]).is_err());
    assert!(member(&header("-1,"), &[0; 8]).is_err());
    assert!(member("{}", &[]).is_err());
    assert!(npz::array(b"\x93NUMPY\x01\x00\xff\xff").is_err());
}
