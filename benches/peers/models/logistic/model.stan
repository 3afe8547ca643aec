// Logistic regression.
data {
  int N;
  int K;
  matrix[N, K] x;
  array[N] int y;
}
parameters {
  vector[K] beta;
}
model {
  beta ~ std_normal();
  y ~ bernoulli_logit_glm(x, 0, beta);
}
