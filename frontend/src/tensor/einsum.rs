//! Einstein's summation: subscripts parsed and checked, then contractions of two operands at a time.

use std::collections::BTreeMap;

use pyroxene_ir::Loc;

use super::{
    Tensor,
    contraction::{Label, Labelled, contract},
};
use crate::trace::{ErrorKind, composed, fail, promote};

/// The labels of one operand or of the result; `...` stands for dimensions without a letter.
struct Term {
    /// The labels before `...`, or all of them.
    before: Vec<Label>,
    /// The labels after `...`, where there is one.
    after: Option<Vec<Label>>,
}

impl Term {
    /// The letters of one term; what is wrong with it, in words, otherwise.
    fn parse(text: &str) -> Result<Term, String> {
        let letters = |part: &str| -> Result<Vec<Label>, String> {
            part.chars()
                .map(|c| match c {
                    c if c.is_ascii_alphabetic() => Ok(c as Label),
                    '.' => Err("`.` stands alone; an ellipsis is `...`, once in a term".to_string()),
                    c => Err(format!("`{c}` is no letter")),
                })
                .collect()
        };
        match text.split_once("...") {
            Some((before, after)) => Ok(Term { before: letters(before)?, after: Some(letters(after)?) }),
            None => Ok(Term { before: letters(text)?, after: None }),
        }
    }

    fn letters(&self) -> impl Iterator<Item = Label> {
        self.before.iter().chain(self.after.iter().flatten()).copied()
    }

    /// The labels of a tensor of this rank: dimensions under `...` count down from −1 at the right.
    fn labels(&self, rank: usize) -> Option<Vec<Label>> {
        let rest = rank.checked_sub(self.letters().count())?;
        if self.after.is_none() && rest > 0 {
            return None;
        }
        let hidden = (1..=rest).rev().map(|i| -(i as Label));
        let after = self.after.iter().flatten().copied();
        Some(self.before.iter().copied().chain(hidden).chain(after).collect())
    }
}

/// The operands' terms and the result's.
struct Subscripts {
    inputs: Vec<Term>,
    output: Term,
}

impl Subscripts {
    fn parse(text: &str) -> Result<Subscripts, String> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (inputs, output) = match text.split_once("->") {
            Some((inputs, output)) => (inputs, Some(output)),
            None => (text.as_str(), None),
        };
        let inputs = inputs.split(',').map(Term::parse).collect::<Result<Vec<Term>, String>>()?;
        let mut counts: BTreeMap<Label, usize> = BTreeMap::new();
        for label in inputs.iter().flat_map(Term::letters) {
            *counts.entry(label).or_default() += 1;
        }
        let output = match output {
            Some(output) => Term::parse(output)?,
            // Implicitly: what appears once, in alphabetical order, after the dimensions without a letter.
            None => Term {
                before: Vec::new(),
                after: Some(counts.iter().filter(|(_, n)| **n == 1).map(|(l, _)| *l).collect()),
            },
        };
        for label in output.letters() {
            let name = char::from_u32(label.unsigned_abs()).unwrap_or('?');
            if !counts.contains_key(&label) {
                return Err(format!("`{name}` of the result is in no operand"));
            }
            if output.letters().filter(|l| *l == label).count() > 1 {
                return Err(format!("`{name}` is in the result twice"));
            }
        }
        Ok(Subscripts { inputs, output })
    }
}

/// The operands with their labels; what does not fit, in words, otherwise.
fn label(subscripts: &Subscripts, operands: &[Tensor]) -> Result<Vec<(Tensor, Vec<Label>)>, String> {
    let (terms, n) = (subscripts.inputs.len(), operands.len());
    if terms != n {
        return Err(format!("the subscripts are of {terms} operands, found {n}"));
    }
    let mut sizes: BTreeMap<Label, usize> = BTreeMap::new();
    let mut out = Vec::new();
    for (i, (term, tensor)) in subscripts.inputs.iter().zip(operands).enumerate() {
        let dims = tensor.dims();
        let labels = term.labels(dims.len()).ok_or_else(|| {
            let (letters, more) =
                (term.letters().count(), if term.after.is_some() { " or more" } else { "" });
            format!("operand {i} has shape {dims:?}, and its term is of {letters}{more} dimensions")
        })?;
        for (label, size) in labels.iter().zip(&dims) {
            let known = sizes.entry(*label).or_insert(*size);
            if *known == 1 {
                *known = *size;
            } else if *size != 1 && *size != *known {
                let name = u32::try_from(*label).ok().and_then(char::from_u32);
                let name = name.map_or("a dimension under `...`".into(), |c| format!("`{c}`"));
                return Err(format!("{name} has size {known} and, in operand {i} of shape {dims:?}, {size}"));
            }
        }
        out.push((*tensor, labels));
    }
    Ok(out)
}

/// An operand with each label once: of repeated ones the diagonal.
fn diagonals(mut tensor: Tensor, mut labels: Vec<Label>) -> Labelled {
    while let Some((i, j)) =
        (0..labels.len()).find_map(|j| labels[..j].iter().position(|l| *l == labels[j]).map(|i| (i, j)))
    {
        let label = labels[j];
        let (rank, sizes) = (labels.len(), [i, j].map(|k| tensor.dims()[k]));
        let others: Vec<usize> = (0..rank).filter(|k| *k != i && *k != j).collect();
        let turned = tensor.transpose(&[&others[..], &[i, j]].concat());
        // A size of one against another is repeated: its diagonal is the other dimension.
        tensor = match sizes {
            [n, m] if n == m => turned.diagonal(),
            _ => {
                let mut dims = turned.dims();
                let m = dims.pop().unwrap_or(1);
                if let Some(n) = dims.last_mut() {
                    *n = n.saturating_mul(m);
                }
                turned.reshape(&dims)
            }
        };
        labels = others.iter().map(|k| labels[*k]).chain([label]).collect();
        if tensor.is_poison() {
            break;
        }
    }
    Labelled { tensor, labels }
}

/// The pair whose contraction adds the least to what is kept in memory, the first of equal ones.
fn cheapest(operands: &[Labelled], out: &[Label]) -> (usize, usize) {
    let size = |x: &Labelled| x.tensor.dims().iter().map(|d| *d as f64).product::<f64>();
    let mut best = (0, 1, f64::INFINITY);
    for j in 1..operands.len() {
        for i in 0..j {
            let (x, y) = (&operands[i], &operands[j]);
            let keep = kept(operands, i, j, out);
            let all: std::collections::BTreeSet<Label> =
                x.labels.iter().chain(&y.labels).copied().filter(|l| keep.contains(l)).collect();
            let along = |l: &Label| x.size(*l).max(y.size(*l)).unwrap_or(1) as f64;
            let cost = all.iter().map(along).product::<f64>() - size(x) - size(y);
            if cost < best.2 {
                best = (i, j, cost);
            }
        }
    }
    (best.0, best.1)
}

/// The labels that the result and operands other than `i` and `j` have.
fn kept(operands: &[Labelled], i: usize, j: usize, out: &[Label]) -> Vec<Label> {
    let others = operands.iter().enumerate().filter(|(k, _)| *k != i && *k != j);
    others.flat_map(|(_, x)| x.labels.iter()).chain(out).copied().collect()
}

impl Tensor {
    /// Einstein's summation (NumPy's `einsum`): each operand's dimensions are named by letters, products are summed over
    /// the letters that the result does not name. `...` stands for leading dimensions that broadcast; a letter twice in
    /// one operand is its diagonal; without `->` the result names what appears once, in alphabetical order. More than two
    /// operands are contracted in pairs, at each step the pair whose result adds the least memory.
    ///
    /// Subscripts that do not parse, or do not fit the operands, are errors of the caller's line.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (x, y) = (Array::new([2, 2], vec![1.0, 2.0, 3.0, 4.0])?, Array::from([1.0, 10.0]));
    /// let z = eval(|| Tensor::einsum("ij,j->i", &[x.into(), y.into()]))?;
    /// assert_eq!(z.as_slice::<f64>(), Some(&[21.0, 43.0][..]));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn einsum(subscripts: &str, operands: &[Tensor]) -> Tensor {
        let loc = Loc::caller();
        if operands.iter().any(|t| t.is_poison()) {
            return Tensor::POISON;
        }
        let wrong = |found: String| {
            let help = "write as in `ij,jk->ik`: a term of letters for each operand, and one for the result";
            let found = format!("einsum `{subscripts}`: {found}");
            fail(ErrorKind::Usage { found, help: help.into() }, loc.clone())
        };
        let parsed = match Subscripts::parse(subscripts) {
            Ok(parsed) => parsed,
            Err(found) => return wrong(found),
        };
        let labelled = match label(&parsed, operands) {
            Ok(labelled) => labelled,
            Err(found) => return wrong(found),
        };
        let hidden = labelled.iter().flat_map(|(_, l)| l).copied().filter(|l| *l < 0).min().unwrap_or(0);
        let hidden = hidden.unsigned_abs() as usize;
        let rank = parsed.output.letters().count() + hidden;
        let Some(out) = parsed.output.labels(rank) else {
            return wrong("the operands have dimensions under `...`, and the result has no `...`".into());
        };
        composed(loc.clone(), || {
            let Some(promoted) = promote("einsum", operands, &loc) else { return Tensor::POISON };
            let all = promoted.into_iter().zip(labelled).map(|(t, (_, labels))| diagonals(t, labels));
            contract_all(all.collect(), &out, &loc)
        })
    }
}

fn contract_all(mut operands: Vec<Labelled>, out: &[Label], loc: &Loc) -> Tensor {
    while operands.len() > 1 {
        let (i, j) = cheapest(&operands, out);
        let keep = kept(&operands, i, j, out);
        let y = operands.remove(j);
        let x = operands.remove(i);
        let both = contract(x, y, &keep, loc);
        if both.tensor.is_poison() {
            return Tensor::POISON;
        }
        operands.push(both);
    }
    match operands.pop() {
        Some(last) => last.summed(out, loc).ordered(out, loc),
        None => Tensor::POISON,
    }
}
