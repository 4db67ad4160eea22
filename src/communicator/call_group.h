// Operations called between group begin and end: kept in order, submitted together at the outermost end. One per thread; not shared.
#pragma once
#include <memory>
#include <vector>

#include "src/communicator/communicator.h"
#include "src/communicator/stream.h"

namespace hawser {

class CallGroup {
 public:
  // stream null: the end of the group waits for it.
  void add(Communicator&, Stream*, const Call&);
  void add(Communicator&, Stream*, const MessageCall&, uint64_t timeout_ns);
  void add(Communicator&, Stream*, Communicator::CountsCall);
  bool empty() const { return entries_.empty(); }
  Status submit();  // everything; blocks until all without a stream are done. The first error. The group is empty afterwards
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    Communicator* communicator = nullptr;
    Stream* stream = nullptr;
    Call call;
    std::vector<MessageCall> messages;  // not empty: sends and receives, all of this communicator and stream in the group
    uint64_t timeout_ns = 0;
    std::unique_ptr<Communicator::CountsCall> counts;
  };
  Status prepare(Entry&, std::unique_ptr<Submission>&);
  std::vector<Entry> entries_;
};

}  // namespace hawser
