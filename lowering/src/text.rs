//! HLO text for people, in the syntax XLA prints and parses, from the same message the compiler is given.

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Write},
};

use crate::proto::{
    HloComputationProto, HloInstructionProto, HloModuleProto, LiteralProto, PrimitiveType, ProgramShapeProto,
    ShapeProto, TransposeA,
};

/// Constants of more elements are elided.
const LONGEST_CONSTANT: usize = 32;

/// The text of a module.
pub(crate) fn module(module: &HloModuleProto) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_module(&mut out, module);
    out
}

fn write_module(out: &mut String, module: &HloModuleProto) -> fmt::Result {
    write!(out, "HloModule {}", module.name)?;
    if let Some(ProgramShapeProto { parameters, result, .. }) = &module.host_program_shape {
        let parameters = list(parameters.iter().map(shape));
        let result = result.as_ref().map(shape).unwrap_or_default();
        write!(out, ", entry_computation_layout={{({parameters})->{result}}}")?;
    }
    out.push('\n');
    // Operands and callees are ids; the text says names.
    let instructions = module.computations.iter().flat_map(|c| &c.instructions);
    let names = Names {
        instructions: instructions.map(|i| (i.id, i.name.as_str())).collect(),
        computations: module.computations.iter().map(|c| (c.id, c.name.as_str())).collect(),
    };
    for computation in &module.computations {
        out.push('\n');
        let entry = computation.id == module.entry_computation_id;
        write_computation(out, computation, entry, &names)?;
    }
    Ok(())
}

struct Names<'m> {
    instructions: BTreeMap<i64, &'m str>,
    computations: BTreeMap<i64, &'m str>,
}

/// The names of ids, each behind a prefix; an id that names nothing prints as `?`, for this text also serves to look
/// at broken modules.
fn named(names: &BTreeMap<i64, &str>, prefix: &str, ids: &[i64]) -> String {
    list(ids.iter().map(|id| format!("{prefix}{}", names.get(id).unwrap_or(&"?"))))
}

fn write_computation(
    out: &mut String,
    computation: &HloComputationProto,
    entry: bool,
    names: &Names<'_>,
) -> fmt::Result {
    let HloComputationProto { name, instructions, root_id, .. } = computation;
    writeln!(out, "{}{name} {{", if entry { "ENTRY " } else { "" })?;
    for instruction in instructions {
        out.push_str(if instruction.id == *root_id { "  ROOT " } else { "  " });
        write_instruction(out, instruction, names)?;
        out.push('\n');
    }
    out.push_str("}\n");
    Ok(())
}

fn write_instruction(out: &mut String, i: &HloInstructionProto, names: &Names<'_>) -> fmt::Result {
    let ty = i.shape.as_ref().map(shape).unwrap_or_default();
    let operands = match (&i.literal, i.opcode.as_str()) {
        (Some(value), _) => literal(value),
        (_, "parameter") => i.parameter_number.to_string(),
        _ => named(&names.instructions, "%", &i.operand_ids),
    };
    write!(out, "%{} = {ty} {}({operands})", i.name, i.opcode)?;
    write_attributes(out, i)?;
    let called = |ids: &[i64]| named(&names.computations, "", ids);
    match (i.opcode.as_str(), i.called_computation_ids.as_slice()) {
        (_, []) => {}
        ("while", [body, cond]) => {
            write!(out, ", condition={}, body={}", called(&[*cond]), called(&[*body]))?;
        }
        ("conditional", branches) => write!(out, ", branch_computations={{{}}}", called(branches))?,
        (_, ids) => write!(out, ", to_apply={}", called(ids))?,
    }
    if let Some(attributes) = &i.frontend_attributes {
        let pairs = attributes.map.iter().map(|(name, value)| format!("{name}=\"{value}\""));
        write!(out, ", frontend_attributes={{{}}}", separated(pairs, ","))?;
    }
    Ok(())
}

fn write_attributes(out: &mut String, i: &HloInstructionProto) -> fmt::Result {
    match (i.opcode.as_str(), i.dimensions.as_slice()) {
        ("iota", dims) => write!(out, ", iota_dimension={}", list(dims))?,
        // A broadcast of a scalar and a transpose of one have no dimensions and yet the attribute.
        (op, dims)
            if !dims.is_empty() || matches!(op, "broadcast" | "transpose" | "reduce" | "concatenate") =>
        {
            write!(out, ", dimensions={{{}}}", commas(dims))?;
        }
        _ => (),
    }
    if !i.slice_dimensions.is_empty() || i.opcode == "slice" {
        let step = |s: i64| if s == 1 { String::new() } else { format!(":{s}") };
        let ranges =
            i.slice_dimensions.iter().map(|r| format!("[{}:{}{}]", r.start, r.limit, step(r.stride)));
        write!(out, ", slice={{{}}}", list(ranges))?;
    }
    match i.opcode.as_str() {
        "get-tuple-element" => write!(out, ", index={}", i.tuple_index)?,
        "dynamic-slice" => write!(out, ", dynamic_slice_sizes={{{}}}", commas(&i.dynamic_slice_sizes))?,
        "sort" if i.is_stable => out.push_str(", is_stable=true"),
        _ => (),
    }
    if let Some(padding) = &i.padding_config {
        let interior = |n: i64| if n == 0 { String::new() } else { format!("_{n}") };
        let amounts = padding.dimensions.iter().map(|d| {
            format!("{}_{}{}", d.edge_padding_low, d.edge_padding_high, interior(d.interior_padding))
        });
        write!(out, ", padding={}", separated(amounts, "x"))?;
    }
    if !i.comparison_direction.is_empty() {
        write!(out, ", direction={}", i.comparison_direction)?;
    }
    if !i.custom_call_target.is_empty() {
        write!(out, ", custom_call_target=\"{}\"", i.custom_call_target)?;
    }
    if let Some(d) = &i.dot_dimension_numbers {
        let batch =
            [("lhs_batch_dims", &d.lhs_batch_dimensions), ("rhs_batch_dims", &d.rhs_batch_dimensions)];
        for (name, dims) in batch.iter().filter(|(_, dims)| !dims.is_empty()) {
            write!(out, ", {name}={{{}}}", commas(dims))?;
        }
        write!(
            out,
            ", lhs_contracting_dims={{{}}}, rhs_contracting_dims={{{}}}",
            commas(&d.lhs_contracting_dimensions),
            commas(&d.rhs_contracting_dimensions),
        )?;
    }
    if let Some(o) = &i.triangular_solve_options {
        let transpose = if o.transpose_a() == TransposeA::Transpose { "TRANSPOSE" } else { "NO_TRANSPOSE" };
        write!(out, ", left_side={}, lower={}, unit_diagonal={}", o.left_side, o.lower, o.unit_diagonal)?;
        write!(out, ", transpose_a={transpose}")?;
    }
    if let Some(o) = &i.cholesky_options {
        write!(out, ", lower={}", o.lower)?;
    }
    if let Some(g) = &i.gather_dimension_numbers {
        write!(
            out,
            ", offset_dims={{{}}}, collapsed_slice_dims={{{}}}, start_index_map={{{}}}, index_vector_dim={}, \
             slice_sizes={{{}}}",
            commas(&g.offset_dims),
            commas(&g.collapsed_slice_dims),
            commas(&g.start_index_map),
            g.index_vector_dim,
            commas(&i.gather_slice_sizes),
        )?;
    }
    if let Some(s) = &i.scatter_dimension_numbers {
        write!(
            out,
            ", update_window_dims={{{}}}, inserted_window_dims={{{}}}, scatter_dims_to_operand_dims={{{}}}, \
             index_vector_dim={}",
            commas(&s.update_window_dims),
            commas(&s.inserted_window_dims),
            commas(&s.scatter_dims_to_operand_dims),
            s.index_vector_dim,
        )?;
    }
    Ok(())
}

fn separated(items: impl IntoIterator<Item = impl Display>, separator: &str) -> String {
    items.into_iter().map(|i| i.to_string()).collect::<Vec<_>>().join(separator)
}

fn list(items: impl IntoIterator<Item = impl Display>) -> String {
    separated(items, ", ")
}

fn commas(items: &[i64]) -> String {
    separated(items, ",")
}

/// A type without its layout: `f64[8,3]`.
fn ty(shape: &ShapeProto) -> String {
    let element = match shape.element_type() {
        PrimitiveType::Tuple => return format!("({})", list(shape.tuple_shapes.iter().map(ty))),
        PrimitiveType::Invalid => "invalid",
        PrimitiveType::Pred => "pred",
        PrimitiveType::S32 => "s32",
        PrimitiveType::S64 => "s64",
        PrimitiveType::U32 => "u32",
        PrimitiveType::U64 => "u64",
        PrimitiveType::F32 => "f32",
        PrimitiveType::F64 => "f64",
    };
    format!("{element}[{}]", commas(&shape.dimensions))
}

/// A type with its layout: `f64[8,3]{1,0}`; a scalar has none to speak of.
fn shape(shape: &ShapeProto) -> String {
    match &shape.layout {
        _ if shape.element_type() == PrimitiveType::Tuple => {
            format!("({})", list(shape.tuple_shapes.iter().map(self::shape)))
        }
        Some(layout) if !layout.minor_to_major.is_empty() => {
            format!("{}{{{}}}", ty(shape), commas(&layout.minor_to_major))
        }
        _ => ty(shape),
    }
}

/// The elements, nested by dimension as XLA spaces them: `{1, 2}`, and `{ { 1, 2 }, { 3, 4 } }`.
fn literal(value: &LiteralProto) -> String {
    let dims = value.shape.as_ref().map_or(&[][..], |s| &s.dimensions);
    let mut elements = elements(value);
    if elements.len() > LONGEST_CONSTANT {
        return "{...}".into();
    }
    if let [_] = dims {
        return format!("{{{}}}", elements.join(", "));
    }
    // Innermost dimension first: each round replaces runs of elements by one brace.
    for dim in dims.iter().rev() {
        let run = usize::try_from(*dim).unwrap_or(0).max(1);
        elements = elements.chunks(run).map(|c| format!("{{ {} }}", c.join(", "))).collect();
    }
    elements.into_iter().next().unwrap_or_else(|| "{}".into())
}

fn elements(value: &LiteralProto) -> Vec<String> {
    fn all<T: Display>(xs: &[T]) -> Vec<String> {
        xs.iter().map(T::to_string).collect()
    }
    match value.shape.as_ref().map(ShapeProto::element_type) {
        Some(PrimitiveType::Pred) => all(&value.preds),
        Some(PrimitiveType::S32) => all(&value.s32s),
        Some(PrimitiveType::S64) => all(&value.s64s),
        Some(PrimitiveType::U32) => all(&value.u32s),
        Some(PrimitiveType::U64) => all(&value.u64s),
        Some(PrimitiveType::F32) => value.f32s.iter().map(|x| number(format!("{x:?}"))).collect(),
        Some(PrimitiveType::F64) => value.f64s.iter().map(|x| number(format!("{x:?}"))).collect(),
        _ => Vec::new(),
    }
}

/// The shortest digits that round-trip, as XLA writes them.
fn number(debug: String) -> String {
    match debug.as_str() {
        "NaN" => "nan".into(),
        text => text.strip_suffix(".0").unwrap_or(text).into(),
    }
}
