// One chain of Stan's NUTS, or its density at given points, for the program named by MODEL.
//
//   stan_main sample DATA.json OUT SEED CHAIN WARMUP DRAWS
//   stan_main density DATA.json OUT POINTS COUNT REPEATS
//
// Draws go to OUT as rows of doubles: the seven columns of Stan's sampler, then the parameters,
// warm-up rows first. Densities go there as value (up to a constant) and gradient, and the CPU
// nanoseconds of one evaluation of both to standard output. Settings are CmdStan's defaults.
#include MODEL
#include <stan/callbacks/interrupt.hpp>
#include <stan/callbacks/stream_logger.hpp>
#include <stan/callbacks/writer.hpp>
#include <stan/io/empty_var_context.hpp>
#include <stan/io/json/json_data.hpp>
#include <stan/model/log_prob_grad.hpp>
#include <stan/services/sample/hmc_nuts_diag_e_adapt.hpp>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

class rows_writer : public stan::callbacks::writer {
 public:
  explicit rows_writer(std::ofstream& out) : out_(out) {}
  void operator()(const std::vector<double>& row) override {
    out_.write(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(double));
    out_.flush();
  }
  using stan::callbacks::writer::operator();

 private:
  std::ofstream& out_;
};

int main(int argc, char* argv[]) {
  if (argc < (std::string(argc > 1 ? argv[1] : "") == "sample" ? 8 : 7)) return 2;
  const std::string task = argv[1];
  std::ifstream file(argv[2]);
  stan::json::json_data data(file);
  std::ofstream out(argv[3], std::ios::binary);
  stan::model::model_base& model = new_model(data, 0, &std::cerr);
  if (task == "density") {
    const size_t size = model.num_params_r();
    const int count = std::stoi(argv[5]), repeats = std::stoi(argv[6]);
    std::ifstream points(argv[4], std::ios::binary);
    std::vector<int> none;
    std::clock_t spent = 0;
    for (int i = 0; i < count; ++i) {
      std::vector<double> point(size), gradient;
      points.read(reinterpret_cast<char*>(point.data()), size * sizeof(double));
      double value = 0;
      const std::clock_t begun = std::clock();
      for (int j = 0; j < repeats; ++j)
        value = stan::model::log_prob_grad<true, true>(model, point, none, gradient);
      spent += std::clock() - begun;
      out.write(reinterpret_cast<const char*>(&value), sizeof(double));
      out.write(reinterpret_cast<const char*>(gradient.data()), size * sizeof(double));
    }
    std::cout << 1e9 * spent / CLOCKS_PER_SEC / count / repeats << std::endl;
    return 0;
  }
  stan::io::empty_var_context init;
  stan::callbacks::interrupt interrupt;
  stan::callbacks::stream_logger logger(std::cerr, std::cerr, std::cerr, std::cerr, std::cerr);
  stan::callbacks::writer nowhere;
  rows_writer rows(out);
  return stan::services::sample::hmc_nuts_diag_e_adapt(
      model, init, std::stoi(argv[4]), std::stoi(argv[5]), 2.0, std::stoi(argv[6]),
      std::stoi(argv[7]), 1, true, 0, 1.0, 0.0, 10, 0.8, 0.05, 0.75, 10.0, 75, 50, 25, interrupt,
      logger, nowhere, rows, nowhere);
}
