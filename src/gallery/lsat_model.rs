//! Answers of a thousand students to five questions of a law school test (the Rasch model), from posteriordb.

use crate::prelude::*;

super::entry!(
    "lsat_data-lsat_model",
    ["lsat_model", "lsat"],
    "answers to five questions of a test: students' ability, questions' difficulty",
    "lsat_data.json"
);

/// Students are ordered by their pattern of answers; all `i64`.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The patterns of answers that occur, 1 for right, `[32, 5]`.
    pub response: L,
    /// How many students have one of the patterns up to each, `[32]`.
    pub culm: L,
    /// The number of students.
    #[tree(static, name = "N")]
    pub students: usize,
}

/// The model; `alpha`, the difficulty of each question, `theta`, the ability of each student, and its scale `beta` are
/// latent.
pub fn model(d: &Data) {
    let pattern = d.culm.searchsorted(Tensor::arange(d.students), Side::Right);
    let right = d.response.take(pattern);
    let (student, question) =
        (Plate::new("student", d.students).dim(-2), Plate::new("question", d.response.dim(1)).dim(-1));
    let alpha = question.run(|_| sample("alpha", Normal::new(0.0, 100.0)));
    let theta = plate("ability", d.students, |_| sample("theta", Normal::new(0.0, 1.0)));
    let beta = sample("beta", HalfNormal::new(100.0));
    let logits = beta * theta.expand_dims(-1) - alpha;
    student.run(|_| question.run(|_| sample("right", BernoulliLogits::new(logits).obs(right))));
}
