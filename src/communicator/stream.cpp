// The count of what a stream has under way, and its first error.
#include "src/communicator/stream.h"

#include <chrono>

namespace hawser {

Stream::~Stream() { (void)synchronize(0); }

Submission* Stream::take(Communicator& communicator, std::unique_ptr<Submission> submission) {
  submission->lineup = &lineup_;
  submission->owner = this;
  submission->origin = &communicator;
  submission->finished = &Stream::finished;
  communicator.under_way().begun();
  const std::lock_guard lock(mutex_);
  ++under_way_;
  return submission.release();
}

// Of the holder of the seat. The stream may go away as soon as the lock is left with nothing under way, so the notification is inside. The
// communicator stays until the holder has heard of its dismissal. It hears last: who has seen it idle finds the stream idle too.
void Stream::finished(Submission& submission) {
  const std::unique_ptr<Submission> owned(&submission);
  auto& stream = *static_cast<Stream*>(submission.owner);
  auto& communicator = *static_cast<Communicator*>(submission.origin);
  Status outcome = communicator.outcome(submission);
  {
    const std::lock_guard lock(stream.mutex_);
    if (!outcome.ok() && stream.first_error_.ok()) stream.first_error_ = std::move(outcome);
    --stream.under_way_;
    stream.idle_.notify_all();
  }
  communicator.under_way().ended();
}

Status Stream::told() { return std::exchange(first_error_, Status()); }

Status Stream::query() {
  const std::lock_guard lock(mutex_);
  if (!first_error_.ok()) return told();
  if (under_way_ > 0) return Status(Code::in_progress, "the stream has " + std::to_string(under_way_) + " operations under way");
  return {};
}

Status Stream::synchronize(uint64_t timeout_ns) {
  constexpr uint64_t kForeverNs = uint64_t{1} << 61;  // 73 years; what is longer would not fit behind the clock's present time
  std::unique_lock lock(mutex_);
  const auto idle = [&] { return under_way_ == 0; };
  if (timeout_ns == 0 || timeout_ns >= kForeverNs) {
    idle_.wait(lock, idle);
  } else if (!idle_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), idle)) {
    return Status(Code::timeout,
                  "the stream still has " + std::to_string(under_way_) + " operations under way after " + duration_text(timeout_ns));
  }
  return told();
}

}  // namespace hawser
