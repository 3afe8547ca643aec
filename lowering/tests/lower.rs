//! Lowering on small graphs: the text, the bytes' determinism and completeness, and every refusal's message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test")]

mod common;
#[path = "lower/in_kernels.rs"]
mod in_kernels;

use expect_test::{Expect, expect};
use prost::Message;
use pyroxene_ir::{
    Array, DType, Dims, Graph, Loc, Phase, Role, Site, SiteKind, Ty, TypeError,
    ops::{self, Comparison},
};
use pyroxene_lowering::{
    bundled, lower, lower_plain, packed,
    proto::{HloModuleProto, PrimitiveType, ShapeProto},
    read_inputs, with_room,
};

fn check(graph: &Graph, text: Expect) {
    text.assert_eq(&lower(graph, "test").unwrap().to_text());
}

fn refused(graph: &Graph, message: Expect) {
    message.assert_eq(&lower(graph, "test").unwrap_err().to_string());
}

/// Two sums that share a combiner and a start, one of another type, a comparison, a pad and a constant.
fn mixed() -> Result<Graph, TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let x = g.input("d.x", Role::Data, Ty::new(DType::F64, [2, 3]));
    let _unused = g.input("n (unused)", Role::Data, Ty::scalar(DType::I64));
    let k = g.input("d.x", Role::Argument, Ty::new(DType::U32, [3]));
    let over = |axes: &[usize]| ops::ReduceSum { axes: Dims::from_slice(axes) };
    let rows = g.push(over(&[1]), &[x])?;
    let all = g.push(over(&[0]), &[rows])?;
    let keys = g.push(over(&[0]), &[k])?;
    let c = g.constant(Array::from([0.5, f64::NEG_INFINITY]))?;
    let less = g.push(ops::Compare(Comparison::Lt), &[rows, c])?;
    let padded = g.push(ops::Pad::new(Dims::from_slice(&[1]), Dims::from_slice(&[2])), &[rows])?;
    let _dead = g.push(ops::Exp, &[x])?;
    g.set_outputs([all, keys, less, padded, all]);
    Ok(g)
}

#[test]
fn small_results_of_one_type_become_one() -> Result<(), TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let x = g.input("x", Role::Argument, Ty::new(DType::F64, [2, 3]));
    let n = g.input("n", Role::Argument, Ty::scalar(DType::I64));
    let long = g.input("long", Role::Argument, Ty::new(DType::F64, [4096]));
    let none = g.input("none", Role::Argument, Ty::new(DType::F64, [0]));
    let sum = g.push(ops::ReduceSum { axes: Dims::from_slice(&[0, 1]) }, &[x])?;
    let twice = g.push(ops::Add, &[x, x])?;
    for outputs in [vec![sum], vec![sum, n], vec![sum, long], vec![sum, none]] {
        g.set_outputs(outputs.clone());
        assert!(packed(&g)?.is_none(), "{outputs:?}");
    }
    g.set_outputs([twice, sum, twice]);
    let one = packed(&g)?.unwrap();
    let args = [
        Array::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.5]).unwrap(),
        Array::scalar(0i64),
        Array::zeros(&Ty::new(DType::F64, [4096])),
        Array::zeros(&Ty::new(DType::F64, [0])),
    ];
    let [apart, together] = [&g, &one]
        .map(|g| pyroxene_ir::eval::eval(g, &args).unwrap().iter().flat_map(Array::to_f64_vec).collect());
    let [apart, together]: [Vec<f64>; 2] = [apart, together];
    assert_eq!((one.outputs().len(), together), (1, apart));
    Ok(())
}

#[test]
fn position_gets_room_for_the_result() -> Result<(), TypeError> {
    let with_position = |position: Ty, role: Role| {
        let mut g = Graph::new(Phase::Pure);
        let data = g.input("data", Role::Data, Ty::new(DType::F64, [3]));
        let position = g.input("position", role, position);
        g.set_outputs([data]);
        (g, data, position)
    };
    let (mut g, data, position) = with_position(Ty::new(DType::F64, [2]), Role::Position);
    let whole = g.push(ops::Concatenate { axis: 0 }, &[position, data, position])?;
    g.set_outputs([whole]);
    let (roomy, index) = with_room(&g)?.unwrap();
    assert_eq!((index, roomy.ty(roomy.inputs()[1])), (1, &Ty::new(DType::F64, [7])));
    let data = Array::from([1.0, 2.0, 3.0]);
    let given = [data.clone(), Array::from([4.0, 5.0])];
    let longer = [data, Array::from([4.0, 5.0, f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN])];
    assert_eq!(
        pyroxene_ir::eval::eval(&roomy, &longer).unwrap(),
        pyroxene_ir::eval::eval(&g, &given).unwrap()
    );
    let others =
        [(DType::F64, vec![4]), (DType::F32, vec![2]), (DType::F64, vec![2, 1]), (DType::F64, vec![0])];
    for (dtype, dims) in others {
        assert!(with_room(&with_position(Ty::new(dtype, dims), Role::Position).0)?.is_none());
    }
    assert!(with_room(&with_position(Ty::new(DType::F64, [2]), Role::Argument).0)?.is_none());
    Ok(())
}

#[test]
fn small_data_of_one_type_are_one_argument() -> Result<(), TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let mut input =
        |name: &str, role, dtype, dims: &[usize]| g.input(name, role, Ty::new(dtype, dims.to_vec()));
    let y = input("y", Role::Data, DType::F64, &[3]);
    let n = input("n", Role::Data, DType::I64, &[]);
    let position = input("position", Role::Position, DType::F64, &[3]);
    let x = input("x", Role::Prepared, DType::F64, &[2, 5]);
    let _long = input("long", Role::Data, DType::F64, &[513]);
    let _empty = input("empty", Role::Data, DType::F64, &[0]);
    let k = input("k", Role::Data, DType::I64, &[2]);
    let flag = input("flag", Role::Data, DType::Bool, &[2]);
    let sum = g.push(ops::Add, &[y, position])?;
    let twice = g.push(ops::Add, &[x, x])?;
    g.set_outputs([sum, twice, n, k, flag]);
    let (together, places) = bundled(&g)?.unwrap();
    let tys: Vec<String> = together.inputs().iter().map(|v| together.ty(*v).to_string()).collect();
    assert_eq!(tys, ["f64[24]", "i64[16]", "f64[3]", "f64[513]", "f64[0]", "bool[2]"]);
    assert_eq!(places, [(0, 0), (1, 0), (2, 0), (0, 8), (3, 0), (4, 0), (1, 8), (5, 0)]);
    let values = |n: usize, first: usize| (first..first + n).map(|i| i as f64).collect::<Vec<_>>();
    let long = Array::from(values(513, 0));
    let (empty, flag) = (Array::zeros(&Ty::new(DType::F64, [0])), Array::from([true, false]));
    let apart = [
        Array::from(values(3, 10)),
        Array::scalar(7i64),
        Array::from(values(3, 20)),
        Array::new([2, 5], values(10, 30)).unwrap(),
        long.clone(),
        empty.clone(),
        Array::from([8i64, 9]),
        flag.clone(),
    ];
    let mut floats = vec![f64::NAN; 24];
    floats[..3].copy_from_slice(&values(3, 10));
    floats[8..18].copy_from_slice(&values(10, 30));
    let mut integers = vec![-1i64; 16];
    (integers[0], integers[8], integers[9]) = (7, 8, 9);
    let one = [Array::from(floats), Array::from(integers), Array::from(values(3, 20)), long, empty, flag];
    assert_eq!(
        pyroxene_ir::eval::eval(&together, &one).unwrap(),
        pyroxene_ir::eval::eval(&g, &apart).unwrap()
    );
    assert!(bundled(&together)?.is_none());
    Ok(())
}

#[test]
fn only_output_needs_no_tuple() -> Result<(), Box<dyn std::error::Error>> {
    let mut g = Graph::new(Phase::Pure);
    let x = g.input("x", Role::Argument, Ty::new(DType::F64, [3]));
    let twice = g.push(ops::Add, &[x, x])?;
    g.set_outputs([twice]);
    let plain = lower_plain(&g, "plain")?;
    assert!(plain.to_text().contains("(f64[3]{0})->f64[3]{0}}"), "{}", plain.to_text());
    assert!(plain.to_text().contains("ROOT %add"), "{}", plain.to_text());
    assert_eq!(plain.outputs, [Ty::new(DType::F64, [3])]);
    g.set_outputs([twice, x]);
    assert_eq!(lower_plain(&g, "two")?, lower(&g, "two")?);
    Ok(())
}

#[test]
fn data_that_nothing_reads_are_left_out() -> Result<(), TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let ty = || Ty::new(DType::F64, [2]);
    let _unread = g.input("d.unread", Role::Data, ty());
    let read = g.input("d.read", Role::Data, ty());
    let dead = g.input("d.dead", Role::Data, ty());
    let _position = g.input("position", Role::Argument, ty());
    let given = g.input("given", Role::Argument, ty());
    let _nowhere = g.push(ops::Exp, &[dead])?;
    let sum = g.push(ops::Add, &[read, given])?;
    g.set_outputs([sum, read]);
    let (slim, left) = read_inputs(&g)?.unwrap();
    let names: Vec<&str> =
        slim.inputs().iter().filter_map(|v| slim.input_of(*v)).map(|i| i.name.as_str()).collect();
    // Where the position is written must stay, read or not.
    assert_eq!((left, names), (vec![1, 3, 4], vec!["d.read", "position", "given"]));
    let values = |x: f64| Array::from([x, 2.0 * x]);
    let all: Vec<Array> = (1..6).map(|i| values(f64::from(i))).collect();
    let some = [1, 3, 4].map(|i: usize| all[i].clone());
    assert_eq!(pyroxene_ir::eval::eval(&slim, &some).unwrap(), pyroxene_ir::eval::eval(&g, &all).unwrap());
    assert!(read_inputs(&slim)?.is_none());
    Ok(())
}

#[test]
fn attributes_constants_and_called_computations() -> Result<(), TypeError> {
    check(
        &mixed()?,
        expect![[r#"
        HloModule test, entry_computation_layout={(f64[2,3]{1,0}, s64[], u32[3]{0})->(f64[], u32[], pred[2]{0}, f64[5]{0}, f64[])}

        add_f64 {
          %parameter.5 = f64[] parameter(0)
          %parameter.6 = f64[] parameter(1)
          ROOT %add.7 = f64[] add(%parameter.5, %parameter.6)
        }

        add_u32 {
          %parameter.11 = u32[] parameter(0)
          %parameter.12 = u32[] parameter(1)
          ROOT %add.13 = u32[] add(%parameter.11, %parameter.12)
        }

        ENTRY main {
          %d.x = f64[2,3]{1,0} parameter(0)
          %n__unused_ = s64[] parameter(1)
          %d.x_ = u32[3]{0} parameter(2)
          %constant.4 = f64[] constant(0)
          %reduce.8 = f64[2]{0} reduce(%d.x, %constant.4), dimensions={1}, to_apply=add_f64
          %reduce.9 = f64[] reduce(%reduce.8, %constant.4), dimensions={0}, to_apply=add_f64
          %constant.10 = u32[] constant(0)
          %reduce.14 = u32[] reduce(%d.x_, %constant.10), dimensions={0}, to_apply=add_u32
          %constant.15 = f64[2]{0} constant({0.5, -inf})
          %compare.16 = pred[2]{0} compare(%reduce.8, %constant.15), direction=LT
          %pad.17 = f64[5]{0} pad(%reduce.8, %constant.4), padding=1_2
          ROOT %tuple.18 = (f64[], u32[], pred[2]{0}, f64[5]{0}, f64[]) tuple(%reduce.9, %reduce.14, %compare.16, %pad.17, %reduce.9)
        }
    "#]],
    );
    Ok(())
}

#[test]
fn gather_scatter_slice_iota() -> Result<(), TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let x = g.input("x", Role::Argument, Ty::new(DType::F32, [4, 3]));
    let index = g.input("index", Role::Argument, Ty::new(DType::I64, [2]));
    let rows = g.push(ops::Take { axis: 0 }, &[x, index])?;
    let added = g.push(ops::ScatterAdd { axis: 0 }, &[x, index, rows])?;
    let (start, limit) = (Dims::from_slice(&[0, 1]), Dims::from_slice(&[1, 3]));
    let part = g.push(ops::Slice::new(start, limit), &[added])?;
    let turned = g.push(ops::Transpose { permutation: Dims::from_slice(&[1, 0]) }, &[part])?;
    let count = g.push(ops::Iota { dtype: DType::I32, dims: Dims::from_slice(&[2, 5]), axis: 1 }, &[])?;
    let one = g.constant(Array::scalar(true))?;
    let row = g.push(ops::Broadcast { dims: Dims::from_slice(&[2]), map: Dims::new() }, &[one])?;
    g.set_outputs([turned, count, row]);
    check(
        &g,
        expect![[r#"
        HloModule test, entry_computation_layout={(f32[4,3]{1,0}, s64[2]{0})->(f32[2,1]{1,0}, s32[2,5]{1,0}, pred[2]{0})}

        add_f32 {
          %parameter.4 = f32[] parameter(0)
          %parameter.5 = f32[] parameter(1)
          ROOT %add.6 = f32[] add(%parameter.4, %parameter.5)
        }

        ENTRY main {
          %x = f32[4,3]{1,0} parameter(0)
          %index = s64[2]{0} parameter(1)
          %gather.3 = f32[2,3]{1,0} gather(%x, %index), offset_dims={1}, collapsed_slice_dims={0}, start_index_map={0}, index_vector_dim=1, slice_sizes={1,3}
          %scatter.7 = f32[4,3]{1,0} scatter(%x, %index, %gather.3), update_window_dims={1}, inserted_window_dims={0}, scatter_dims_to_operand_dims={0}, index_vector_dim=1, to_apply=add_f32
          %slice.8 = f32[1,2]{1,0} slice(%scatter.7), slice={[0:1], [1:3]}
          %transpose.9 = f32[2,1]{1,0} transpose(%slice.8), dimensions={1,0}
          %iota.10 = s32[2,5]{1,0} iota(), iota_dimension=1
          %constant.11 = pred[] constant(true)
          %broadcast.12 = pred[2]{0} broadcast(%constant.11), dimensions={}
          ROOT %tuple.13 = (f32[2,1]{1,0}, s32[2,5]{1,0}, pred[2]{0}) tuple(%transpose.9, %iota.10, %broadcast.12)
        }
    "#]],
    );
    Ok(())
}

#[test]
fn dot_cholesky_triangular_solve() -> Result<(), TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let x = g.input("x", Role::Argument, Ty::new(DType::F64, [5, 2, 3]));
    let y = g.input("y", Role::Argument, Ty::new(DType::F64, [2, 5, 3]));
    let pairs = ops::DotGeneral::new(&[[2, 2]], &[[0, 1]]);
    let square = g.push(pairs, &[x, y])?;
    let factor = g.push(ops::Cholesky, &[square])?;
    let adjoint = ops::TriangularSolve { transpose: true, ..ops::TriangularSolve::LOWER };
    let solved = g.push(adjoint, &[factor, square])?;
    g.set_outputs([solved]);
    check(
        &g,
        expect![[r#"
        HloModule test, entry_computation_layout={(f64[5,2,3]{2,1,0}, f64[2,5,3]{2,1,0})->(f64[5,2,2]{2,1,0})}

        ENTRY main {
          %x = f64[5,2,3]{2,1,0} parameter(0)
          %y = f64[2,5,3]{2,1,0} parameter(1)
          %dot.3 = f64[5,2,2]{2,1,0} dot(%x, %y), lhs_batch_dims={0}, rhs_batch_dims={1}, lhs_contracting_dims={2}, rhs_contracting_dims={2}
          %cholesky.4 = f64[5,2,2]{2,1,0} cholesky(%dot.3), lower=true
          %triangular-solve.5 = f64[5,2,2]{2,1,0} triangular-solve(%cholesky.4, %dot.3), left_side=true, lower=true, unit_diagonal=false, transpose_a=TRANSPOSE
          ROOT %tuple.6 = (f64[5,2,2]{2,1,0}) tuple(%triangular-solve.5)
        }
    "#]],
    );
    Ok(())
}

#[test]
fn no_inputs_and_no_outputs() {
    check(
        &Graph::new(Phase::Pure),
        expect![[r#"
        HloModule test, entry_computation_layout={()->()}

        ENTRY main {
          ROOT %tuple.1 = () tuple()
        }
    "#]],
    );
}

#[test]
fn constants_of_every_type_and_shape() -> Result<(), Box<dyn std::error::Error>> {
    let mut g = Graph::new(Phase::Pure);
    let values = [
        Array::scalar(f64::NAN),
        Array::from([0.1f32, 1e-30]),
        Array::from([true, false]),
        Array::from([i64::MIN]),
        Array::from([u64::MAX]).reshape([1, 1])?,
        Array::from([1i32, 2, 3, 4, 5, 6]).reshape([3, 2])?,
        Array::zeros(&Ty::new(DType::U32, [0])),
        Array::zeros(&Ty::new(DType::F64, [2, 0])),
        Array::zeros(&Ty::new(DType::F64, [33])),
    ];
    let outputs = values.into_iter().map(|value| g.constant(value)).collect::<Result<Vec<_>, _>>()?;
    g.set_outputs(outputs);
    check(
        &g,
        expect![[r#"
        HloModule test, entry_computation_layout={()->(f64[], f32[2]{0}, pred[2]{0}, s64[1]{0}, u64[1,1]{1,0}, s32[3,2]{1,0}, u32[0]{0}, f64[2,0]{1,0}, f64[33]{0})}

        ENTRY main {
          %constant.1 = f64[] constant(nan)
          %constant.2 = f32[2]{0} constant({0.1, 1e-30})
          %constant.3 = pred[2]{0} constant({true, false})
          %constant.4 = s64[1]{0} constant({-9223372036854775808})
          %constant.5 = u64[1,1]{1,0} constant({ { 18446744073709551615 } })
          %constant.6 = s32[3,2]{1,0} constant({ { 1, 2 }, { 3, 4 }, { 5, 6 } })
          %constant.7 = u32[0]{0} constant({})
          %constant.8 = f64[2,0]{1,0} constant({})
          %constant.9 = f64[33]{0} constant({...})
          ROOT %tuple.10 = (f64[], f32[2]{0}, pred[2]{0}, s64[1]{0}, u64[1,1]{1,0}, s32[3,2]{1,0}, u32[0]{0}, f64[2,0]{1,0}, f64[33]{0}) tuple(%constant.1, %constant.2, %constant.3, %constant.4, %constant.5, %constant.6, %constant.7, %constant.8, %constant.9)
        }
    "#]],
    );
    Ok(())
}

#[test]
fn names_are_made_fit_for_xla() {
    let mut g = Graph::new(Phase::Pure);
    for name in ["data/sigma[0]", "2nd", "", "λ", "add.7", "add.7"] {
        g.input(name, Role::Data, Ty::scalar(DType::F64));
    }
    let x = g.inputs()[0];
    let y = g.push(ops::Add, &[x, x]).unwrap();
    g.set_outputs([y]);
    let lowered = lower(&g, "8 schools").unwrap();
    assert_eq!(lowered.name, "_8_schools");
    let module = HloModuleProto::decode(lowered.hlo.as_slice()).unwrap();
    let instructions = &module.computations[0].instructions;
    let names: Vec<&str> = instructions.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(names, ["data_sigma_0_", "_2nd", "_", "__", "add.7", "add.7_", "add.7__", "tuple.8"]);
    assert_eq!(lowered.inputs[0].0, "data/sigma[0]", "callers see the name they gave");
}

#[test]
fn two_lowerings_give_the_same_bytes_and_source_lines_do_not_enter() -> Result<(), TypeError> {
    let plain = lower(&mixed()?, "m").unwrap();
    assert_eq!(plain.hlo, lower(&mixed()?, "m").unwrap().hlo);

    let square = |loc: Option<Loc>| -> Result<Vec<u8>, TypeError> {
        let mut g = Graph::new(Phase::Pure);
        let x = g.input("x", Role::Argument, Ty::scalar(DType::F64));
        g.set_loc(loc);
        let y = g.mul(x, x)?;
        g.set_outputs([y]);
        Ok(lower(&g, "m").unwrap().hlo)
    };
    assert_eq!(square(None)?, square(Some(Loc::caller()))?);
    Ok(())
}

#[test]
fn bytes_read_back_dense_and_with_every_layout() -> Result<(), TypeError> {
    let lowered = lower(&mixed()?, "m").unwrap();
    let module = HloModuleProto::decode(lowered.hlo.as_slice()).unwrap();
    assert_eq!(module.encode_to_vec(), lowered.hlo, "fields in order, none twice");
    assert_eq!(lowered.to_text(), pyroxene_lowering::text(&lowered.hlo).unwrap());

    let instructions: Vec<_> = module.computations.iter().flat_map(|c| &c.instructions).collect();
    assert_eq!(instructions.len(), lowered.instructions());
    let mut ids: Vec<i64> = instructions.iter().map(|i| i.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=instructions.len() as i64).collect::<Vec<_>>());
    let mut seen = Vec::new();
    for i in &instructions {
        assert!(i.operand_ids.iter().all(|o| seen.contains(o)), "{} before its operands", i.name);
        seen.push(i.id);
    }
    let computations: Vec<i64> = module.computations.iter().map(|c| c.id).collect();
    assert_eq!(computations, [1, 2, 3], "callees before callers, one combiner for each opcode and type");

    let entry = module.computations.last().unwrap();
    assert_eq!((entry.id, &entry.program_shape), (module.entry_computation_id, &module.host_program_shape));
    let signature = module.host_program_shape.as_ref().unwrap();
    for shape in
        instructions.iter().flat_map(|i| &i.shape).chain(&signature.parameters).chain(&signature.result)
    {
        assert_layouts(shape);
    }
    let (names, types): (Vec<_>, Vec<_>) =
        lowered.inputs.iter().map(|(n, t)| (n.as_str(), t.to_string())).unzip();
    assert_eq!(names, ["d.x", "n (unused)", "d.x"]);
    assert_eq!(types, ["f64[2,3]", "i64[]", "u32[3]"]);
    let outputs: Vec<String> = lowered.outputs.iter().map(Ty::to_string).collect();
    assert_eq!(outputs, ["f64[]", "u32[]", "bool[2]", "f64[5]", "f64[]"]);
    Ok(())
}

fn assert_layouts(shape: &ShapeProto) {
    if shape.element_type() == PrimitiveType::Tuple {
        return shape.tuple_shapes.iter().for_each(assert_layouts);
    }
    let row_major: Vec<i64> = (0..shape.dimensions.len() as i64).rev().collect();
    assert_eq!(shape.layout.as_ref().map(|l| &l.minor_to_major), Some(&row_major));
}

#[test]
fn a_site_is_refused() {
    let mut g = Graph::new(Phase::Model);
    let x = g.input("x", Role::Argument, Ty::scalar(DType::F64));
    g.set_loc(Some(Loc { file: "model.rs".into(), line: 7, column: 5 }));
    let site = Site { name: "mu".into(), frames: Vec::new(), kind: SiteKind::Deterministic };
    let mu = g.push_site(site, Ty::scalar(DType::F64), &[x]);
    g.set_outputs([mu]);
    refused(
        &g,
        expect![
            "deterministic site `mu` at model.rs:7:5 is still in the graph; expected tensor arithmetic only: run `resolve_sites` first"
        ],
    );
}

#[test]
fn a_model_phase_graph_without_sites_is_refused() {
    refused(
        &Graph::new(Phase::Model),
        expect![
            "the graph of `test` is in its model phase; expected the pure phase: run `resolve_sites` first"
        ],
    );
}

#[test]
fn an_op_without_instruction_is_refused() -> Result<(), TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let x = g.input("x", Role::Argument, Ty::scalar(DType::F64));
    g.set_loc(Some(Loc { file: "model.rs".into(), line: 7, column: 5 }));
    let y = g.push(ops::Softplus, &[x])?;
    g.set_outputs([y]);
    refused(
        &g,
        expect!["%1 is `softplus` at model.rs:7:5, which HLO has no instruction for; run `legalize` first"],
    );
    Ok(())
}

#[test]
fn a_value_xla_cannot_address_is_refused() {
    let mut g = Graph::new(Phase::Pure);
    g.input("x", Role::Argument, Ty::new(DType::F64, [1 << 32, 1 << 31]));
    refused(
        &g,
        expect![
            "%0: f64[4294967296,2147483648] is too large; expected fewer than 2^63 bytes: use smaller dimensions"
        ],
    );
    let mut g = Graph::new(Phase::Pure);
    // XLA multiplies the sizes left of a zero too.
    g.input("x", Role::Argument, Ty::new(DType::F64, [1 << 32, 1 << 31, 0]));
    refused(
        &g,
        expect![
            "%0: f64[4294967296,2147483648,0] is too large; expected fewer than 2^63 bytes: use smaller dimensions"
        ],
    );
}
