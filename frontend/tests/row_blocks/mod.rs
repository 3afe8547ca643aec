//! Regressions, whose products with the data go over blocks of rows or by columns on a CPU: against sums in plain Rust.

use pyroxene_frontend::{Model, prelude::*};
use pyroxene_ir::passes::{OneKernel, Query, Settings};

use super::common::backend;

#[derive(Tree, Clone)]
struct Data<L: Leaf = Tensor> {
    x: L,
    z: L,
    y: L,
    offset: L,
}

/// A count model with two predictors: `x`, `[row, column]`, decides the mean, `z`, `[column, row]`, and an offset scale it.
fn counts(d: &Data) {
    let float = d.x.dtype();
    let zero = Tensor::from(0.0).convert(float);
    let normal = |name, n| plate(name, n, |_| sample(&format!("{name}_slope"), Normal::new(zero, 1.0)));
    let b = normal("x", d.x.dim(1));
    let c = normal("z", d.z.dim(0));
    let eta = d.x.dot(b) + c.dot(d.z) + d.offset;
    let y = d.y.convert(float);
    factor("y", (y * eta - eta.softplus()).sum() - 0.5 * (eta - y).square().sum());
}

struct Case {
    x: Vec<f64>,
    z: Vec<f64>,
    y: Vec<f64>,
    offset: Vec<f64>,
    columns: [usize; 2],
}

impl Case {
    fn new(rows: usize, columns: [usize; 2], dtype: DType) -> Case {
        let wave = |n: usize, by: f64| -> Vec<f64> {
            let rounded = |i| {
                let x = (i as f64 * by).sin();
                if dtype == DType::F32 { f64::from(x as f32) } else { x }
            };
            (0..n).map(rounded).collect()
        };
        let y = (0..rows).map(|i| f64::from(i * 7 % 5 < 2)).collect();
        let [n, m] = columns;
        Case { x: wave(rows * n, 1.7), z: wave(rows * m, 0.9), y, offset: wave(rows, 0.3), columns }
    }

    fn data(&self, dtype: DType) -> Result<Data<Array>, Box<dyn std::error::Error>> {
        let (rows, [n, m]) = (self.y.len(), self.columns);
        let matrix = |x: &[f64], dims: [usize; 2]| -> Result<Array, Box<dyn std::error::Error>> {
            Ok(Array::new(dims, x.to_vec())?.convert(dtype))
        };
        Ok(Data {
            x: matrix(&self.x, [rows, n])?,
            z: matrix(&self.z, [m, rows])?,
            y: Array::from(self.y.iter().map(|y| *y as i64).collect::<Vec<_>>()),
            offset: Array::from(self.offset.clone()).convert(dtype),
        })
    }

    /// The potential and its gradient, and the sums of the sizes of what is added up for each.
    fn expected(&self, position: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (rows, [n, m]) = (self.y.len(), self.columns);
        let (mut found, mut sizes) = (vec![0.0; 1 + n + m], vec![0.0; 1 + n + m]);
        let mut add = |i: usize, x: f64| {
            found[i] += x;
            sizes[i] += x.abs();
        };
        for (i, p) in position.iter().enumerate() {
            add(0, 0.5 * p * p + 0.5 * (2.0 * std::f64::consts::PI).ln());
            add(1 + i, *p);
        }
        for row in 0..rows {
            let x = |k: usize| if k < n { self.x[row * n + k] } else { self.z[(k - n) * rows + row] };
            let eta = (0..n + m).map(|k| x(k) * position[k]).sum::<f64>() + self.offset[row];
            let y = self.y[row];
            add(0, eta.max(0.0) + (-eta.abs()).exp().ln_1p() - y * eta + 0.5 * (eta - y).powi(2));
            let slope = 1.0 / (1.0 + (-eta).exp()) - y + (eta - y);
            (0..n + m).for_each(|k| add(1 + k, slope * x(k)));
        }
        (found, sizes)
    }
}

/// Both are rounded as sums of so many terms are at worst, which is far below what a row counted twice or not at all makes.
fn close(found: &[f64], (expected, sizes): &(Vec<f64>, Vec<f64>), rounding: f64) {
    assert_eq!(found.len(), expected.len());
    for ((f, e), size) in found.iter().zip(expected).zip(sizes) {
        assert!((f - e).abs() <= rounding * size.max(1.0), "{f} against {e}, of terms of {size} in all");
    }
}

#[test]
fn blocks_of_rows_make_the_same_density_and_gradient() -> Result<(), Box<dyn std::error::Error>> {
    // A last block that is full, one that is not, a number of columns that is a multiple of nothing, and single precision.
    let cases = [
        (2560, [56, 53], DType::F64, 1e-13),
        (2063, [67, 64], DType::F64, 1e-13),
        (4099, [71, 64], DType::F32, 3e-6),
    ];
    cases.into_iter().try_for_each(|case| same_numbers(case, "while"))
}

#[test]
fn columns_make_the_same_density_and_gradient() -> Result<(), Box<dyn std::error::Error>> {
    // `x` lies by rows and is transposed, `z` is as it should be.
    let cases = [
        ((300, [25, 30], DType::F64, 1e-13), "f64[25,300]"),
        ((1000, [7, 8], DType::F32, 3e-6), "f32[7,1000]"),
    ];
    cases.into_iter().try_for_each(|(case, transposed)| same_numbers(case, transposed))
}

/// That what CPUs are given has `wanted` in it, and computes what plain Rust does, up to a rounding.
fn same_numbers(
    (rows, columns, dtype, rounding): (usize, [usize; 2], DType, f64),
    wanted: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let backend = backend()?;
    let case = Case::new(rows, columns, dtype);
    let data = case.data(dtype)?;
    let program = Model::new(counts).trace(&data)?;
    let lowered = program.lower(Query::PotentialAndGradient)?;
    let on_cpus = lowered.in_kernels().map(|kernels| kernels.to_text()).unwrap_or_default();
    assert!(on_cpus.contains(wanted), "no {wanted}: {on_cpus}");
    let never = program.with_passes(Settings::default().one_kernel(OneKernel::Never));
    assert!(never.lower(Query::PotentialAndGradient)?.in_kernels().is_none());
    let bound = program.bind(&data, &backend)?;
    for scale in [0.05, 2.0] {
        let position: Vec<f64> =
            (0..columns[0] + columns[1]).map(|i| f64::from(((i as f64).cos() * scale) as f32)).collect();
        let (value, gradient) = bound.potential_and_gradient(&position)?;
        close(&[vec![value], gradient].concat(), &case.expected(&position), rounding);
    }
    Ok(())
}
