// Any representation, as arrays, in standardised coordinates: z of the field, u of hyperparameters.
// The plain non-centred model, vectorised; sparse matrices in CSR form.
functions {
  vector times(int rows, int columns, vector w, array[] int v, array[] int s, vector x) {
    if (num_elements(w) == 0) return zeros_vector(rows);
    return csr_matrix_times_vector(rows, columns, w, v, s, x);
  }
  // running sums, each after a zero
  vector sums_after_zero(vector x, array[] int first) {
    int parts = size(first) - 1;
    vector[num_elements(x) + parts] sums;
    for (p in 1 : parts) {
      int a = first[p];
      int b = first[p + 1] - 1;
      sums[a + p - 1] = 0;
      sums[(a + p) : (b + p)] = cumulative_sum(x[a : b]);
    }
    return sums;
  }
  real log_bound_t4(vector t) {
    real total = 0;
    for (i in 1 : num_elements(t)) {
      real r = sqrt(4 + square(t[i]));
      real one_plus_s = t[i] < 0 ? 4 / (r * (r - t[i])) : 1 + t[i] / r;
      total += 2 * log(one_plus_s) + log(2 - t[i] / r) - log(4);
    }
    return total;
  }
  matrix cholesky_factor(vector partial, int size) {
    matrix[size, size] L = rep_matrix(0, size, size);
    int k = 1;
    for (i in 1 : size) {
      real left = 1;
      for (j in 1 : i - 1) {
        L[i, j] = partial[k] * left;
        left *= sqrt((1 - partial[k]) * (1 + partial[k]));
        k += 1;
      }
      L[i, i] = left;
    }
    return L;
  }
}
data {
  int<lower=1> F;  // field
  int<lower=1> H;  // hyperparameters
  int<lower=1> M;  // nodes
  int<lower=1> C;  // cells
  int<lower=1> O;  // observations
  int<lower=1> R;  // runs
  // terms
  vector[F] mean_, scale;
  int<lower=0> n_scaled;
  array[n_scaled] int scaled, scaled_by;
  int<lower=0> n_walk;
  array[n_walk] int walk_first, walk_last;
  int<lower=0> n_correlated;
  array[n_correlated] int corr_first, corr_rows, corr_columns, corr_hyper;
  // hyperparameters by family; theta = location + spread * u, then exp of some
  vector[H] location, spread;
  int<lower=0> n_normal, n_log_normal, n_half, n_student, n_partial;
  array[n_normal] int normal_at;
  array[n_log_normal] int log_normal_at;
  array[n_half] int half_at;
  array[n_student] int student_at;
  vector[n_student] freedom;
  array[n_partial] int partial_at;
  vector[n_partial] concentration;
  // sparse matrices
  int<lower=0> node_n, cell_n, bias_n, effect_n, log_noise_n, adding_n;
  vector[node_n] node_w;
  array[node_n] int node_v;
  array[M + 1] int node_s;
  vector[M] node_offset;
  vector[cell_n] cell_w;
  array[cell_n] int cell_v;
  array[C + 1] int cell_s;
  vector[bias_n] bias_w;
  array[bias_n] int bias_v;
  array[O + 1] int bias_s;
  vector[effect_n] effect_w;
  array[effect_n] int effect_v;
  array[O + 1] int effect_s;
  vector[log_noise_n] log_noise_w;
  array[log_noise_n] int log_noise_v;
  array[O + 1] int log_noise_s;
  vector[adding_n] adding_w;
  array[adding_n] int adding_v;
  array[O + 1] int adding_s;
  // runs
  int<lower=1> n_sums;
  array[n_sums + 1] int sums_first;
  array[R] int run_start, run_stop;
  int<lower=0, upper=1> one_run_each;
  // observations
  int<lower=0> n_noise;
  array[n_noise] int noisy, noise;
  vector[O] log_value, log_variance;
  int<lower=0> n_point, n_bound, n_poisson, n_binomial;
  array[n_point] int point_at;
  array[n_bound] int bound_at;
  vector[n_bound] bound_sign;
  array[n_poisson] int poisson_at, poisson_count;
  array[n_binomial] int binomial_at, binomial_count;
  int<lower=0, upper=1> heavy;
}
parameters {
  vector[F] z;
  vector[H] u;
}
model {
  vector[H] theta = location + spread .* u;
  vector[F] x;
  vector[O] mu;
  vector[O] scale_of = ones_vector(O);

  theta[log_normal_at] = exp(theta[log_normal_at]);
  theta[half_at] = spread[half_at] .* exp(u[half_at]);
  theta[partial_at] = tanh(u[partial_at]);
  z ~ std_normal();
  u[normal_at] ~ std_normal();
  u[log_normal_at] ~ std_normal();
  u[student_at] ~ student_t(freedom, 0, 1);
  target += sum(u[half_at]) - 0.5 * sum(exp(2 * u[half_at]));
  // log(1 - tanh(u)^2) = -2 log cosh(u)
  target += -2 * dot_product(concentration, log1p_exp(2 * u[partial_at]) - u[partial_at]);

  x = z;
  for (b in 1 : n_correlated) {
    int K = corr_rows[b];
    int m = corr_columns[b];
    int a = corr_first[b];
    int pairs = (K * (K - 1)) %/% 2;
    matrix[K, K] L = cholesky_factor(theta[corr_hyper[b] : (corr_hyper[b] + pairs - 1)], K);
    x[a : (a + K * m - 1)] = to_vector(to_matrix(z[a : (a + K * m - 1)], m, K) * L');
  }
  x = x .* scale;
  x[scaled] = x[scaled] .* theta[scaled_by];
  for (w in 1 : n_walk) {
    x[walk_first[w] : walk_last[w]] = cumulative_sum(x[walk_first[w] : walk_last[w]]);
  }
  x += mean_;

  {
    vector[M] nodes = times(M, F, node_w, node_v, node_s, x) + node_offset;
    vector[C] intensity = exp(times(C, M, cell_w, cell_v, cell_s, nodes));
    vector[C + n_sums] running = sums_after_zero(intensity, sums_first);
    vector[R] parts = running[run_stop] - running[run_start];
    if (one_run_each) mu = log(adding_w .* parts);
    else mu = log(times(O, R, adding_w, adding_v, adding_s, parts));
  }
  mu += times(O, F, bias_w, bias_v, bias_s, x);
  if (effect_n > 0) mu += times(O, H, effect_w, effect_v, effect_s, theta);
  scale_of[noisy] = theta[noise];
  if (log_noise_n > 0) {
    scale_of = scale_of .* exp(times(O, F, log_noise_w, log_noise_v, log_noise_s, x));
  }

  if (n_point > 0) {
    vector[n_point] sigma = sqrt(square(scale_of[point_at]) + log_variance[point_at]);
    if (heavy) log_value[point_at] ~ student_t(4, mu[point_at], sigma);
    else log_value[point_at] ~ normal(mu[point_at], sigma);
  }
  if (n_bound > 0) {
    vector[n_bound] sigma = sqrt(square(scale_of[bound_at]) + log_variance[bound_at]);
    vector[n_bound] t = bound_sign .* (log_value[bound_at] - mu[bound_at]) ./ sigma;
    if (heavy) target += log_bound_t4(t);
    else target += std_normal_lcdf(t);
  }
  if (n_poisson > 0) poisson_count ~ poisson_log(mu[poisson_at]);
  if (n_binomial > 0) binomial_count ~ neg_binomial_2_log(mu[binomial_at], scale_of[binomial_at]);
}
