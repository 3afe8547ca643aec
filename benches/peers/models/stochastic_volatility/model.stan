// Stochastic volatility (Hoffman and Gelman 2014), the random walk non-centred.
data {
  int T;
  vector[T] returns;
}
parameters {
  real<lower=0> sigma;
  real<lower=0> nu;
  vector[T] z;
}
model {
  vector[T] s = sigma * cumulative_sum(z);
  sigma ~ exponential(50);
  nu ~ exponential(0.1);
  z ~ std_normal();
  returns ~ student_t(nu, 0, exp(s));
}
