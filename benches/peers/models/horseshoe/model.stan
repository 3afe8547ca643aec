// Regression under the regularised horseshoe (Piironen and Vehtari 2017), non-centred.
data {
  int N;
  int K;
  matrix[N, K] x;
  vector[N] y;
}
parameters {
  real<lower=0> tau;
  real<lower=0> slab;
  real<lower=0> sigma;
  vector<lower=0>[K] lambda;
  vector[K] z;
}
model {
  vector[K] scale = tau * lambda;
  vector[K] beta = scale .* z .* sqrt(slab ./ (slab + square(scale)));
  tau ~ cauchy(0, 0.01);
  slab ~ inv_gamma(2, 8);
  sigma ~ normal(0, 2);
  lambda ~ cauchy(0, 1);
  z ~ std_normal();
  y ~ normal_id_glm(x, 0, beta, sigma);
}
