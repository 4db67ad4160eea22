// A stream of host work: operations happen in the order of the calls, carried on by whoever drives the context.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>

#include "src/communicator/communicator.h"

namespace hawser {

class Stream {
 public:
  explicit Stream(Context& context) : context_(context) {}
  ~Stream();  // waits for its work
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  Context& context() const { return context_; }
  // Takes the submission; the caller submits it to the context next, in the order of the calls.
  Submission* take(Communicator&, std::unique_ptr<Submission>);
  Status query();                           // ok: idle; in_progress; or the first error not yet told
  Status synchronize(uint64_t timeout_ns);  // 0: no limit

 private:
  static void finished(Submission&);
  Status told();
  Context& context_;
  Lineup lineup_;  // of the holder of the seat
  std::mutex mutex_;
  std::condition_variable idle_;
  int under_way_ = 0;
  Status first_error_;
};

}  // namespace hawser
