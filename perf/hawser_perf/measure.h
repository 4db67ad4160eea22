// One rank's measuring: runs the operations through the public C API, checks and times them.
#pragma once
#include <optional>
#include <string>

#include "hawser/hawser.h"
#include "perf/hawser_perf/options.h"
#include "perf/hawser_perf/statistics.h"
#include "perf/hawser_perf/values.h"
#include "src/base/status.h"

namespace hawser::perf {

// The communicator of this run, and two buffers large enough for every size.
class Bench {
 public:
  static Result<Bench> make(const Options&);
  ~Bench();
  Bench(Bench&&) noexcept;
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  int rank() const { return rank_; }
  int ranks() const { return ranks_; }
  Result<Timing> time(Workload, const Extent&, bool in_place);
  std::string explain(Workload, const Extent&) const;
  Status finish();  // collective: everybody is done

 private:
  Bench(const Options& options, hawser_comm* comm);
  struct Buffers {
    void* in;
    void* out;
  };
  Status allocate(size_t bytes);
  Question question(Workload, const Extent&) const;
  Buffers buffers(const Question&, const Extent&, bool in_place) const;
  hawser_status run(const Question&, const Buffers&) const;
  Status run_many(const Question&, const Buffers&, uint64_t operations) const;
  Result<uint64_t> check(const Question&, const Extent&, bool in_place) const;
  Result<uint64_t> operations_for(const Question&, const Buffers&) const;
  Result<uint64_t> agree(uint64_t value, hawser_op op) const;

  const Options& options_;
  hawser_comm* comm_ = nullptr;
  int rank_ = 0, ranks_ = 1;
  void* memory_[2] = {};
};

}  // namespace hawser::perf
