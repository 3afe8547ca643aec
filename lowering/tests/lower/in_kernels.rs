//! What becomes one function of machine code: where kernels stand, and what is inside of them.

use expect_test::expect;
use pyroxene_ir::{
    Array, DType, Dims, Graph, Op, Phase, Role, Ty, TypeError, Val,
    eval::eval,
    ops::{self, Comparison},
    passes::OneKernel,
};
use pyroxene_lowering::{kernels, lower};

use super::{
    check,
    common::{quick, run},
};

#[test]
fn fences_are_calls_and_bind_compilers_beside_kernels_alone() -> Result<(), TypeError> {
    let graph = |kernel| {
        let mut body = Graph::new(Phase::Pure);
        let x = body.input("x", Role::Argument, Ty::new(DType::F64, [3]));
        let (double, square) = (body.push(ops::Add, &[x, x])?, body.push(ops::Mul, &[x, x])?);
        body.set_outputs([double, square]);
        let mut g = Graph::new(Phase::Pure);
        let x = g.input("x", Role::Argument, Ty::new(DType::F64, [3]));
        let both = g.push_all(ops::Fence { kernel, body: body.into() }, &[x])?;
        g.set_outputs(both);
        Ok::<_, TypeError>(g)
    };
    check(
        &graph(true)?,
        expect![[r#"
        HloModule test, entry_computation_layout={(f64[3]{0})->(f64[3]{0}, f64[3]{0})}

        body.1 {
          %x_ = f64[3]{0} parameter(0)
          %add.3 = f64[3]{0} add(%x_, %x_)
          %multiply.4 = f64[3]{0} multiply(%x_, %x_)
          ROOT %tuple.5 = (f64[3]{0}, f64[3]{0}) tuple(%add.3, %multiply.4)
        }

        ENTRY main {
          %x = f64[3]{0} parameter(0)
          %call.6 = (f64[3]{0}, f64[3]{0}) call(%x), to_apply=body.1, frontend_attributes={inlineable="false",xla_cpu_small_call="true"}
          %get-tuple-element.7 = f64[3]{0} get-tuple-element(%call.6), index=0
          %get-tuple-element.8 = f64[3]{0} get-tuple-element(%call.6), index=1
          ROOT %tuple.9 = (f64[3]{0}, f64[3]{0}) tuple(%get-tuple-element.7, %get-tuple-element.8)
        }
    "#]],
    );
    let plain = lower(&graph(false)?, "test").unwrap().to_text();
    assert!(plain.contains("call(%x), to_apply=body.1\n"), "{plain}");
    Ok(())
}

/// `x exp(x)` sorted or scattered by an index, in a loop of as many rounds as it takes to reach a sum.
fn reordering(by: &Op, inside_a_loop: bool) -> Result<Graph, TypeError> {
    let x = Ty::new(DType::F64, [6]);
    let step = |g: &mut Graph, x: Val, index: Val| -> Result<Val, TypeError> {
        let (exp, zero) = (g.push(ops::Exp, &[x])?, g.full(&Ty::new(DType::F64, [6]), 0.0)?);
        let exp = g.mul(exp, x)?;
        let operands = if matches!(by, Op::Sort(_)) { vec![exp] } else { vec![zero, index, exp] };
        let moved = g.push_all(by.clone(), &operands)?[0];
        let root = g.push(ops::Sqrt, &[moved])?;
        g.add(root, exp)
    };
    let mut g = Graph::new(Phase::Pure);
    let (start, index) =
        (g.input("x", Role::Argument, x.clone()), g.input("index", Role::Argument, Ty::new(DType::I64, [6])));
    let result = if inside_a_loop {
        let carried = |g: &mut Graph| {
            let index = g.input("index", Role::Argument, Ty::new(DType::I64, [6]));
            (index, g.input("x", Role::Argument, x.clone()))
        };
        let (mut cond, mut body) = (Graph::new(Phase::Pure), Graph::new(Phase::Pure));
        let (_, carry) = carried(&mut cond);
        let (sum, limit) = (cond.sum_all(carry)?, cond.full(&Ty::scalar(DType::F64), 100.0)?);
        let less = cond.push(ops::Compare(Comparison::Lt), &[sum, limit])?;
        cond.set_outputs([less]);
        let (own, carry) = carried(&mut body);
        let next = step(&mut body, carry, own)?;
        body.set_outputs([next]);
        g.push(ops::While { cond: cond.into(), body: body.into() }, &[index, start])?
    } else {
        step(&mut g, start, index)?
    };
    g.set_outputs([result]);
    Ok(g)
}

fn sort() -> Op {
    ops::Sort { axis: 0, keys: 1, descending: false, positions: false }.into()
}

#[test]
fn kernels_stand_between_what_needs_the_runtime() -> Result<(), TypeError> {
    let marked = |graph: &Graph| kernels(graph, OneKernel::Always).unwrap().unwrap().graph;
    check(
        &marked(&reordering(&sort(), false)?),
        expect![[r#"
            HloModule test, entry_computation_layout={(f64[6]{0}, s64[6]{0})->(f64[6]{0})}

            body.1 {
              %x_ = f64[6]{0} parameter(0)
              %exponential.4 = f64[6]{0} exponential(%x_)
              %multiply.5 = f64[6]{0} multiply(%exponential.4, %x_)
              %slice.6 = f64[1]{0} slice(%x_), slice={[0:1]}
              %reshape.7 = f64[] reshape(%slice.6)
              ROOT %tuple.8 = (f64[6]{0}, f64[]) tuple(%multiply.5, %reshape.7)
            }

            body.2 {
              %x__ = f64[] parameter(0)
              %x___ = f64[] parameter(1)
              %compare.13 = pred[] compare(%x__, %x___), direction=LT
              %compare.14 = pred[] compare(%x__, %x__), direction=EQ
              %compare.15 = pred[] compare(%x___, %x___), direction=NE
              %and.16 = pred[] and(%compare.14, %compare.15)
              ROOT %or.17 = pred[] or(%compare.13, %and.16)
            }

            body.3 {
              %x____ = f64[6]{0} parameter(0)
              %x_____ = f64[6]{0} parameter(1)
              %sqrt.21 = f64[6]{0} sqrt(%x_____)
              %add.22 = f64[6]{0} add(%sqrt.21, %x____)
              %slice.23 = f64[1]{0} slice(%x____), slice={[0:1]}
              %slice.24 = f64[1]{0} slice(%x_____), slice={[0:1]}
              %add.25 = f64[1]{0} add(%slice.23, %slice.24)
              %reshape.26 = f64[] reshape(%add.25)
              ROOT %tuple.27 = (f64[6]{0}, f64[]) tuple(%add.22, %reshape.26)
            }

            ENTRY main {
              %x = f64[6]{0} parameter(0)
              %index = s64[6]{0} parameter(1)
              %call.9 = (f64[6]{0}, f64[]) call(%x), to_apply=body.1, frontend_attributes={inlineable="false",xla_cpu_small_call="true"}
              %get-tuple-element.10 = f64[6]{0} get-tuple-element(%call.9), index=0
              %sort.18 = f64[6]{0} sort(%get-tuple-element.10), dimensions={0}, is_stable=true, to_apply=body.2
              %call.28 = (f64[6]{0}, f64[]) call(%get-tuple-element.10, %sort.18), to_apply=body.3, frontend_attributes={inlineable="false",xla_cpu_small_call="true"}
              %get-tuple-element.29 = f64[6]{0} get-tuple-element(%call.28), index=0
              ROOT %tuple.30 = (f64[6]{0}) tuple(%get-tuple-element.29)
            }
        "#]],
    );
    // The loop stays one, its body becomes the same.
    let text = lower(&marked(&reordering(&sort(), true)?), "test").unwrap().to_text();
    let body = text.split("\n\n").find(|c| c.contains(" sort(")).unwrap();
    assert_eq!(body.matches("xla_cpu_small_call").count(), 2, "{text}");
    assert!(!text.split("ENTRY").nth(1).unwrap().contains("xla_cpu_small_call"), "{text}");
    Ok(())
}

#[test]
fn scatters_inside_of_kernels_are_loops() -> Result<(), TypeError> {
    let marked = |graph: &Graph| kernels(graph, OneKernel::Always).unwrap().unwrap().graph;
    let text = |graph: &Graph| lower(&marked(graph), "test").unwrap().to_text();
    check(
        &marked(&reordering(&ops::ScatterAdd { axis: 0 }.into(), false)?),
        expect![[r#"
            HloModule test, entry_computation_layout={(f64[6]{0}, s64[6]{0})->(f64[6]{0})}

            body.1 {
              %parameter.15 = (s64[6]{0}, f64[6]{0}, s32[], f64[6]{0}) parameter(0)
              %get-tuple-element.16 = s64[6]{0} get-tuple-element(%parameter.15), index=0
              %get-tuple-element.17 = f64[6]{0} get-tuple-element(%parameter.15), index=1
              %get-tuple-element.18 = s32[] get-tuple-element(%parameter.15), index=2
              %get-tuple-element.19 = f64[6]{0} get-tuple-element(%parameter.15), index=3
              %constant.20 = s32[] constant(1)
              %add.21 = s32[] add(%get-tuple-element.18, %constant.20)
              %convert.22 = s64[] convert(%get-tuple-element.18)
              %dynamic-slice.23 = s64[1]{0} dynamic-slice(%get-tuple-element.16, %convert.22), dynamic_slice_sizes={1}
              %reshape.24 = s64[] reshape(%dynamic-slice.23)
              %constant.25 = s64[] constant(0)
              %dynamic-slice.26 = f64[1]{0} dynamic-slice(%get-tuple-element.19, %reshape.24), dynamic_slice_sizes={1}
              %dynamic-slice.27 = f64[1]{0} dynamic-slice(%get-tuple-element.17, %convert.22), dynamic_slice_sizes={1}
              %add.28 = f64[1]{0} add(%dynamic-slice.26, %dynamic-slice.27)
              %constant.29 = s64[] constant(5)
              %compare.30 = pred[] compare(%reshape.24, %constant.25), direction=GE
              %compare.31 = pred[] compare(%reshape.24, %constant.29), direction=LE
              %and.32 = pred[] and(%compare.30, %compare.31)
              %broadcast.33 = pred[1]{0} broadcast(%and.32), dimensions={}
              %select.34 = f64[1]{0} select(%broadcast.33, %add.28, %dynamic-slice.26)
              %dynamic-update-slice.35 = f64[6]{0} dynamic-update-slice(%get-tuple-element.19, %select.34, %reshape.24)
              ROOT %tuple.36 = (s64[6]{0}, f64[6]{0}, s32[], f64[6]{0}) tuple(%get-tuple-element.16, %get-tuple-element.17, %add.21, %dynamic-update-slice.35)
            }

            body.2 {
              %parameter.37 = (s64[6]{0}, f64[6]{0}, s32[], f64[6]{0}) parameter(0)
              %get-tuple-element.38 = s64[6]{0} get-tuple-element(%parameter.37), index=0
              %get-tuple-element.39 = f64[6]{0} get-tuple-element(%parameter.37), index=1
              %get-tuple-element.40 = s32[] get-tuple-element(%parameter.37), index=2
              %get-tuple-element.41 = f64[6]{0} get-tuple-element(%parameter.37), index=3
              %constant.42 = s32[] constant(6)
              ROOT %compare.43 = pred[] compare(%get-tuple-element.40, %constant.42), direction=LT
            }

            body.3 {
              %x_ = f64[6]{0} parameter(0)
              %x__ = s64[6]{0} parameter(1)
              %exponential.5 = f64[6]{0} exponential(%x_)
              %constant.6 = f64[] constant(0)
              %broadcast.7 = f64[6]{0} broadcast(%constant.6), dimensions={}
              %multiply.8 = f64[6]{0} multiply(%exponential.5, %x_)
              %slice.9 = f64[1]{0} slice(%x_), slice={[0:1]}
              %slice.10 = s64[1]{0} slice(%x__), slice={[0:1]}
              %convert.11 = f64[1]{0} convert(%slice.10)
              %add.12 = f64[1]{0} add(%slice.9, %convert.11)
              %reshape.13 = f64[] reshape(%add.12)
              %constant.14 = s32[] constant(0)
              %tuple.44 = (s64[6]{0}, f64[6]{0}, s32[], f64[6]{0}) tuple(%x__, %multiply.8, %constant.14, %broadcast.7)
              %while.45 = (s64[6]{0}, f64[6]{0}, s32[], f64[6]{0}) while(%tuple.44), condition=body.2, body=body.1
              %get-tuple-element.46 = s32[] get-tuple-element(%while.45), index=2
              %get-tuple-element.47 = f64[6]{0} get-tuple-element(%while.45), index=3
              %sqrt.48 = f64[6]{0} sqrt(%get-tuple-element.47)
              %add.49 = f64[6]{0} add(%sqrt.48, %multiply.8)
              ROOT %tuple.50 = (f64[6]{0}, f64[]) tuple(%add.49, %reshape.13)
            }

            ENTRY main {
              %x = f64[6]{0} parameter(0)
              %index = s64[6]{0} parameter(1)
              %call.51 = (f64[6]{0}, f64[]) call(%x, %index), to_apply=body.3, frontend_attributes={inlineable="false",xla_cpu_small_call="true"}
              %get-tuple-element.52 = f64[6]{0} get-tuple-element(%call.51), index=0
              ROOT %tuple.53 = (f64[6]{0}) tuple(%get-tuple-element.52)
            }
        "#]],
    );
    let inside = text(&reordering(&ops::ScatterAdd { axis: 0 }.into(), true)?);
    assert!(!inside.contains(" scatter(") && inside.matches("xla_cpu_small_call").count() == 1, "{inside}");
    // One loop where an index is the same and no scatter waits for another; what waits comes after it.
    let mut g = Graph::new(Phase::Pure);
    let index = g.input("index", Role::Argument, Ty::new(DType::I64, [6]));
    let x = g.input("x", Role::Argument, Ty::new(DType::F64, [6]));
    let scatter = |g: &mut Graph, into: Val, x: Val| g.push(ops::ScatterAdd { axis: 0 }, &[into, index, x]);
    let first = scatter(&mut g, x, x)?;
    let exp = g.push(ops::Exp, &[first])?;
    let (twice, sine) = (g.add(x, x)?, g.push(ops::Sin, &[x])?);
    let (second, third) = (scatter(&mut g, twice, sine)?, scatter(&mut g, x, exp)?);
    g.set_outputs([second, third]);
    let grouped = text(&g);
    assert_eq!(grouped.matches(" while(").count(), 2, "{grouped}");
    Ok(())
}

/// The derivative of a vector's use in parts: padded vectors added up.
fn padded(parts: &[(usize, usize)], n: usize) -> Result<Graph, TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let mut sum: Option<Val> = None;
    for (k, (from, to)) in parts.iter().enumerate() {
        let x = g.input(format!("x{k}"), Role::Argument, Ty::new(DType::F64, [to - from]));
        let x = g.push(ops::Exp, &[x])?;
        let x = g.push(ops::Pad::new([*from].into_iter().collect(), [n - to].into_iter().collect()), &[x])?;
        sum = Some(sum.map_or(Ok(x), |sum| g.add(sum, x))?);
    }
    let negative = g.push(ops::Neg, &[sum.unwrap()])?;
    g.set_outputs([negative]);
    Ok(g)
}

#[test]
fn vectors_of_parts_are_written_part_by_part() -> Result<(), TypeError> {
    let marked = |graph: &Graph| kernels(graph, OneKernel::Always).unwrap().unwrap().graph;
    let counts = |graph: &Graph| {
        let text = lower(&marked(graph), "test").unwrap().to_text();
        [" pad(", " dynamic-update-slice("].map(|op| text.matches(op).count())
    };
    // In any order, with a gap or none.
    for parts in [&[(2, 10), (0, 1), (1, 2)][..], &[(6, 9), (0, 4)]] {
        let graph = padded(parts, 10)?;
        assert_eq!(counts(&graph), [0, parts.len()]);
        let args: Vec<Array> = parts.iter().map(|(from, to)| Array::from(vec![0.5; to - from])).collect();
        // Between parts zeros may lose their sign.
        let value = |graph: &Graph| eval(graph, &args).unwrap()[0].to_f64_vec();
        assert_eq!(value(&marked(&graph)), value(&graph), "{parts:?}");
    }
    assert_eq!(counts(&padded(&[(0, 6), (4, 10)], 10)?), [2, 0], "two overlap");
    Ok(())
}

#[test]
fn what_comes_of_a_gather_is_made_once() -> Result<(), TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let index = g.input("index", Role::Argument, Ty::new(DType::I64, [6]));
    let x = g.input("x", Role::Argument, Ty::new(DType::F64, [3]));
    let taken = g.push(ops::Take { axis: 0 }, &[x, index])?;
    let sine = g.push(ops::Sin, &[taken])?;
    let sum = g.sum_all(sine)?;
    g.set_outputs([sum]);
    let barriers = |g: &Graph| {
        let marked = kernels(g, OneKernel::Always).unwrap().unwrap().graph;
        lower(&marked, "test").unwrap().to_text().matches(" opt-barrier(").count()
    };
    assert_eq!(barriers(&g), 0, "one sum alone reads it");
    let other = g.sub(sine, taken)?;
    let (square, product) = (g.mul(sine, sine)?, g.mul(sine, other)?);
    let sums = [g.sum_all(square)?, g.sum_all(product)?];
    g.set_outputs([sum, sums[0], sums[1]]);
    assert_eq!(barriers(&g), 1);
    Ok(())
}

#[test]
fn much_that_comes_of_a_product_is_made_once() -> Result<(), TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let matrix = g.input("matrix", Role::Argument, Ty::new(DType::F64, [6, 3]));
    let x = g.input("x", Role::Argument, Ty::new(DType::F64, [3]));
    let y = g.input("y", Role::Argument, Ty::new(DType::I64, [6]));
    let contract = [[1, 0]].into_iter().collect();
    let product = g.push(ops::DotGeneral { contract, batch: Default::default() }, &[matrix, x])?;
    let sign = g.convert(y, DType::F64)?;
    let sign = g.add(sign, sign)?;
    let signed = g.mul(sign, product)?;
    let (less, more) = (g.push(ops::Exp, &[signed])?, g.mul(signed, signed)?);
    g.set_outputs([less, more]);
    let text = |g: &Graph| {
        let marked = kernels(g, OneKernel::Always).unwrap().unwrap().graph;
        lower(&marked, "test").unwrap().to_text()
    };
    let made = text(&g);
    assert_eq!(made.matches(" opt-barrier(").count(), 1, "{made}");
    assert!(made.contains(" opt-barrier(%multiply."), "{made}");
    // The product itself is in memory, and little comes of it.
    let (less, more) = (g.push(ops::Exp, &[product])?, g.mul(product, product)?);
    g.set_outputs([less, more]);
    assert!(!text(&g).contains(" opt-barrier("));
    Ok(())
}

#[test]
fn what_is_worth_a_kernel_depends_on_size_and_number() -> Result<(), TypeError> {
    // So many steps over vectors of a length: exp(x) x, and so on.
    let chain = |length: usize, steps: usize| -> Result<Graph, TypeError> {
        let mut g = Graph::new(Phase::Pure);
        let x = g.input("x", Role::Argument, Ty::new(DType::F64, [length]));
        let mut y = x;
        for i in 0..steps {
            y = if i % 2 == 0 { g.push(ops::Exp, &[y])? } else { g.mul(y, x)? };
        }
        g.set_outputs([y]);
        Ok(g)
    };
    let number =
        |graph: Graph, mode| kernels(&graph, mode).unwrap().map(|k| lower(&k.graph, "k").unwrap().kernels());
    assert_eq!(number(chain(100, 6)?, OneKernel::Auto), Some(1));
    assert_eq!(number(chain(100, 6)?, OneKernel::Never), None);
    assert_eq!(number(chain(100, 3)?, OneKernel::Auto), None, "three instructions cost no more one by one");
    assert_eq!(number(chain(100, 3)?, OneKernel::Always), Some(1));
    // An exponential of so many numbers is worth several threads.
    assert_eq!(number(chain(1 << 16, 6)?, OneKernel::Auto), None);
    assert_eq!(number(chain(1 << 16, 6)?, OneKernel::Always), Some(1));
    // Beside a long loop nothing else is gathered: XLA makes one loop of what it finds there.
    let mut mixed = chain(100, 6)?;
    let long = mixed.input("long", Role::Data, Ty::new(DType::F64, [1 << 16]));
    let (exp, short) = (mixed.push(ops::Exp, &[long])?, mixed.outputs()[0]);
    mixed.set_outputs([short, exp]);
    assert_eq!(number(mixed, OneKernel::Auto), None);
    // A large buffer that is filled with a number and written in part, as samplers have, is no long loop.
    let mut buffer = chain(100, 6)?;
    let (value, zero) = (buffer.outputs()[0], buffer.constant(0.0)?);
    let fill =
        buffer.push(ops::Broadcast { dims: [1 << 16].into_iter().collect(), map: Dims::new() }, &[zero])?;
    let start = buffer.input("start", Role::Argument, Ty::scalar(DType::I64));
    let written = buffer.push(ops::DynamicUpdateSlice, &[fill, value, start])?;
    buffer.set_outputs([written]);
    assert_eq!(number(buffer, OneKernel::Auto), Some(1));
    // The same graph gives the same kernels, whatever was made before.
    let twice = [(); 2]
        .map(|()| lower(&kernels(&chain(9, 9).unwrap(), OneKernel::Auto).unwrap().unwrap().graph, "k"));
    assert_eq!(twice[0], twice[1]);
    Ok(())
}

/// Exponentials of single numbers against the C library's, whose own error is below a unit in the last place: two such units
/// are 4.5e-16. What is no normal number is zero, as XLA has it.
#[test]
fn exponentials_of_single_numbers_are_those_of_the_c_library() -> Result<(), TypeError> {
    let mut points: Vec<f64> = (-16..16).map(|i| 44.3 * f64::from(i) + 0.17).collect();
    points.extend([
        0.0, -0.0, 1e-300, -1e-17, 0.346, 0.347, -0.3466, 709.78, 709.79, -708.39, -708.4, 1e300, -1e300,
    ]);
    points.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
    // What R calls missing is a NaN with digits of its own.
    points.extend([0x7ff0_0000_0000_07a2, 0xfff8_0000_0000_0fff].map(f64::from_bits));
    let x = Array::from(&points[..]);
    let mut g = Graph::new(Phase::Pure);
    let all = g.input("x", Role::Argument, x.ty());
    let mut exps = Vec::new();
    for i in 0..points.len() {
        let one = ops::Slice::new(Dims::from_slice(&[i]), Dims::from_slice(&[i + 1]));
        let one = g.push(one, &[all])?;
        let one = g.reshape(one, &[])?;
        let exp = g.push(ops::Exp, &[one])?;
        exps.push(g.reshape(exp, &[1])?);
    }
    let exps = g.push(ops::Concatenate { axis: 0 }, &exps)?;
    g.set_outputs([exps]);
    let kernel = kernels(&g, OneKernel::Auto)?.unwrap().graph;
    let lowered = lower(&kernel, "test").unwrap();
    assert!(!lowered.to_text().contains(" exponential("));
    let compiled = run(&lowered, &quick(true), [&x]);
    for found in [&eval(&kernel, std::slice::from_ref(&x)).unwrap()[0], &compiled[0]] {
        for (x, found) in points.iter().zip(found.to_f64_vec()) {
            let expected = if x.exp() < f64::MIN_POSITIVE { 0.0 } else { x.exp() };
            let is_close = (found - expected).abs() <= 4.5e-16 * expected;
            assert!(
                is_close || found == expected || (found.is_nan() && x.is_nan()),
                "{x}: {found}, {expected}"
            );
        }
    }
    Ok(())
}
