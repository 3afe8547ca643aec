"""Makes linalg.json: linear algebra by JAX in double precision, values and derivatives to second order.

jax_table.py says what a case holds. Operands are multiples of 1/64, so that single precision holds them exactly.
Install: pip install "jax==0.10.2" "numpyro==0.22.0".  Run: python make_linalg.py
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax.scipy.linalg import cho_solve, solve_triangular
from jax_table import write
from numpyro.distributions import util

rng = np.random.default_rng(20240817)


def plain(*shape):
    return np.round(64 * rng.uniform(-2, 2, shape)) / 64


def positive(*shape):
    return np.round(64 * rng.uniform(0.25, 2, shape)) / 64


def square(*shape):
    """Well conditioned and not symmetric."""
    n = shape[-1]
    return plain(*shape) / 2 + 3 * np.eye(n)


def einsum(subscripts, *shapes):
    return (lambda *x: jnp.einsum(subscripts, *x), [plain(*s) for s in shapes])


def triangular(lower, trans, unit_diagonal):
    return lambda a, b: solve_triangular(a, b, lower=lower, trans=trans, unit_diagonal=unit_diagonal)


def positive_definite(f):
    """Of the Gram matrix of the operand: positive definite whatever it is."""
    return lambda x, *rest: f(jnp.einsum("...ij,...kj->...ik", x, x), *rest)


def column(f):
    return lambda a, b: f(a, b[..., None])[..., 0]


def spectral(a):
    """tanh of the symmetric part: eigenvectors whatever their signs."""
    w, v = jnp.linalg.eigh(a)
    return jnp.einsum("...ij,...j,...kj->...ik", v, jnp.tanh(w), v)


cases = {
    "matmul matrices": (jnp.matmul, [plain(2, 3), plain(3, 4)]),
    "matmul vectors": (jnp.matmul, [plain(3), plain(3)]),
    "matmul vector matrix": (jnp.matmul, [plain(3), plain(2, 3, 2)]),
    "matmul matrix vector": (jnp.matmul, [plain(2, 2, 3), plain(3)]),
    "matmul batches": (jnp.matmul, [plain(2, 1, 2, 3), plain(3, 3, 2)]),
    "matmul batch matrix": (jnp.matmul, [plain(4, 2, 3), plain(3, 2)]),
    "matmul matrix batch": (jnp.matmul, [plain(2, 3), plain(2, 3, 2)]),
    "dot vectors": (jnp.dot, [plain(4), plain(4)]),
    "dot matrices": (jnp.dot, [plain(2, 3), plain(3, 2)]),
    "dot tensors": (jnp.dot, [plain(2, 3), plain(4, 3, 2)]),
    "dot scalar": (jnp.dot, [plain(2, 3), plain()]),
    "tensordot": (lambda x, y: jnp.tensordot(x, y, 2), [plain(2, 3, 2), plain(3, 2, 4)]),
    "outer": (jnp.outer, [plain(2, 2), plain(3)]),
    "kron": (jnp.kron, [plain(2, 2), plain(2, 3)]),
    "kron vector matrix": (jnp.kron, [plain(2), plain(2, 3)]),
    "trace": (jnp.linalg.trace, [plain(2, 3, 3)]),
    "diagonal": (jnp.linalg.diagonal, [plain(2, 3, 4)]),
    "diagonal tall": (jnp.linalg.diagonal, [plain(4, 2)]),
    "add_diag": (util.add_diag, [plain(2, 3, 3), plain(3)]),
    "add_diag scalar": (util.add_diag, [plain(3, 3), plain()]),
    "norm": (jnp.linalg.norm, [plain(2, 3)]),
    "vector_norm 1": (lambda x: jnp.linalg.vector_norm(x, axis=0, ord=1), [plain(3, 2)]),
    "vector_norm 2": (lambda x: jnp.linalg.vector_norm(x, axis=-1), [plain(3, 2)]),
    "vector_norm 3.5": (lambda x: jnp.linalg.vector_norm(x, axis=1, ord=3.5), [plain(3, 2)]),
    "vector_norm inf": (lambda x: jnp.linalg.vector_norm(x, axis=0, ord=np.inf), [plain(3, 2)]),
    "vec_to_tril_matrix": (util.vec_to_tril_matrix, [plain(2, 6)]),
    "vec_to_tril_matrix strict": (lambda x: util.vec_to_tril_matrix(x, diagonal=-1), [plain(3)]),
    "matrix_to_tril_vec": (util.matrix_to_tril_vec, [plain(2, 3, 3)]),
    "matrix_to_tril_vec strict": (lambda x: util.matrix_to_tril_vec(x, diagonal=-1), [plain(4, 4)]),
    "cholesky": (jnp.linalg.cholesky, [square(3, 3)]),
    "cholesky batch": (jnp.linalg.cholesky, [square(2, 4, 4)]),
    "cholesky of one": (jnp.linalg.cholesky, [square(1, 1)]),
    "cho_solve": (lambda l, b: cho_solve((l, True), b), [square(3, 3), plain(3, 2)]),
    "cho_solve vector": (lambda l, b: cho_solve((l, True), b), [square(3, 3), plain(3)]),
    "cho_solve batch": (column(lambda l, b: cho_solve((l, True), b)), [square(2, 3, 3), plain(2, 3)]),
    "logdet_spd": (positive_definite(lambda a: jnp.linalg.slogdet(a)[1]), [square(2, 3, 3)]),
    "tri_logabsdet": (util.tri_logabsdet, [square(2, 3, 3)]),
    "cholesky_of_inverse": (positive_definite(util.cholesky_of_inverse), [square(3, 3)]),
    "solve_triangular lower": (triangular(True, 0, False), [square(3, 3), plain(3, 2)]),
    "solve_triangular upper": (triangular(False, 0, False), [square(3, 3), plain(3)]),
    "solve_triangular transposed": (triangular(True, 1, False), [square(3, 3), plain(3, 2)]),
    "solve_triangular unit": (triangular(False, 1, True), [square(3, 3), plain(3, 2)]),
    "solve_triangular batch": (
        lambda a, b: solve_triangular(jnp.broadcast_to(a, (2, 3, 3)), b, lower=True),
        [square(3, 3), plain(2, 3, 2)],
    ),
    "solve": (jnp.linalg.solve, [square(3, 3), plain(3, 2)]),
    "solve vector": (jnp.linalg.solve, [plain(4, 4), plain(4)]),
    "solve batch": (jnp.linalg.solve, [square(2, 3, 3), plain(2, 3, 2)]),
    "solve shared": (jnp.linalg.solve, [square(3, 3), plain(4, 3, 2)]),
    "inv": (jnp.linalg.inv, [square(2, 3, 3)]),
    "det 2": (jnp.linalg.det, [plain(2, 2, 2)]),
    "det 3": (jnp.linalg.det, [plain(2, 3, 3)]),
    "det 4": (jnp.linalg.det, [square(2, 4, 4)]),
    "slogdet sign": (lambda a: jnp.linalg.slogdet(a)[0], [plain(3, 4, 4)]),
    "slogdet": (lambda a: jnp.linalg.slogdet(a)[1], [square(2, 4, 4)]),
    "qr q": (lambda a: jnp.linalg.qr(a)[0], [plain(4, 3)]),
    "qr r": (lambda a: jnp.linalg.qr(a)[1], [plain(4, 3)]),
    "qr batch": (lambda a: sum(jnp.linalg.qr(a)), [plain(2, 3, 3)]),
    "qr_complete": (lambda a: sum(jnp.linalg.qr(a, mode="complete")), [plain(3, 3)]),
    "eigvalsh": (jnp.linalg.eigvalsh, [plain(2, 4, 4)]),
    "eigh squares": (lambda a: jnp.linalg.eigh(a)[1] ** 2, [plain(3, 3)]),
    "eigh tanh": (spectral, [plain(2, 5, 5)]),
}
for subscripts, *shapes in [
    ("ij,jk->ik", (2, 3), (3, 2)),
    ("ij,kj", (2, 3), (4, 3)),
    ("bij, bjk -> bik", (2, 2, 3), (2, 3, 2)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iji->j", (2, 3, 2)),
    ("ba", (2, 3)),
    ("ij->", (2, 3)),
    ("...ij,...jk->...ik", (2, 1, 2, 3), (3, 3, 2)),
    ("...i,i", (2, 3), (3,)),
    ("i,j,k->kij", (2,), (3,), (2,)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("ab,bc,ca->", (2, 3), (3, 4), (4, 2)),
    ("ij,ij->i", (2, 3), (2, 3)),
    ("iij,j->i", (2, 2, 3), (3,)),
    ("...a,b->b...", (2, 3), (2,)),
    ("ij,j->i", (2, 3), (1,)),
]:
    cases["einsum " + subscripts] = einsum(subscripts, *shapes)

write(__file__, __doc__, cases, numpyro=numpyro.__version__)
