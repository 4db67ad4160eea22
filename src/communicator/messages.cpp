// Groups of sends and receives, and all_to_all_v, as operations over listed chunks: one chunk a message.
#include <algorithm>

#include "src/communicator/communicator.h"
#include "src/plan/builder.h"

namespace hawser {
namespace {

class Lists {
 public:
  explicit Lists(Submission& submission) : submission_(submission) {}
  uint32_t add(Buffer buffer, void* data, uint64_t bytes) {
    auto& pointers = submission_.pointers[static_cast<int>(buffer)];
    pointers.push_back(static_cast<std::byte*>(data));
    submission_.lengths[static_cast<int>(buffer)].push_back(bytes);
    return static_cast<uint32_t>(pointers.size() - 1);
  }
  void bind() {
    for (int buffer = 0; buffer < buffer_kinds; ++buffer) {
      Layout& layout = submission_.operation.binding.buffers[static_cast<size_t>(buffer)];
      layout.chunks = static_cast<uint32_t>(submission_.pointers[buffer].size());
      layout.pointers = submission_.pointers[buffer];
      layout.lengths = submission_.lengths[buffer];
    }
    submission_.operation.binding.type = DataType::u8;
  }

 private:
  Submission& submission_;
};

// The k-th send to self meets the k-th receive from self, in this group.
Status match_self(const std::vector<MessageCall>& calls, Rank me, std::vector<std::pair<size_t, size_t>>& pairs) {
  std::vector<size_t> sends, receives;
  for (size_t i = 0; i < calls.size(); ++i)
    if (calls[i].peer == me) (calls[i].send ? sends : receives).push_back(i);
  if (sends.size() != receives.size())
    return Status(Code::usage, "the group holds " + std::to_string(sends.size()) + " sends to this rank itself and " +
                                   std::to_string(receives.size()) + " receives from itself; they meet within one group only");
  for (size_t i = 0; i < sends.size(); ++i) {
    if (calls[sends[i]].bytes > calls[receives[i]].bytes)
      return Status(Code::truncated, "a message to this rank itself has " + std::to_string(calls[sends[i]].bytes) + " bytes, its receive " +
                                         std::to_string(calls[receives[i]].bytes));
    pairs.emplace_back(sends[i], receives[i]);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Submission>> Communicator::prepare(const std::vector<MessageCall>& calls, uint64_t timeout_ns) {
  auto submission = std::make_unique<Submission>();
  submission->membership = membership_.get();
  submission->timeout_ns = timeout_ns != 0 ? timeout_ns : timeout_ns_;
  submission->description.collective = Collective::point_to_point;
  std::vector<std::pair<size_t, size_t>> self;
  HAWSER_TRY(match_self(calls, rank(), self));
  const auto sends = static_cast<uint32_t>(std::count_if(calls.begin(), calls.end(), [](const MessageCall& call) { return call.send; }));
  PlanBuilder builder(Collective::point_to_point, rank(), ranks(), sends, static_cast<uint32_t>(calls.size()) - sends);
  Lists lists(*submission);
  for (const auto& [from, to] : self) {
    const uint32_t source = lists.add(Buffer::input, calls[from].data, calls[from].bytes);
    const uint32_t target = lists.add(Buffer::output, calls[to].data, calls[from].bytes);
    builder.copy({Buffer::input, source}, {Buffer::output, target});
  }
  for (const bool send : {false, true})  // receives are posted first
    for (const MessageCall& call : calls) {
      if (call.send != send || call.peer == rank()) continue;
      const uint32_t chunk = lists.add(send ? Buffer::input : Buffer::output, call.data, call.bytes);
      if (send) builder.send(call.peer, {Buffer::input, chunk});
      else builder.recv(call.peer, {Buffer::output, chunk});
      submission->messages.push_back({call.peer, send});
    }
  lists.bind();
  submission->received.resize(calls.size() - sends - self.size());
  ProgramOptions options;
  options.user_messages = true;
  submission->program = Program::lower(std::move(builder).build("messages"), rank(), std::move(options));
  submission->operation.program = submission->program.get();
  if (!submission->program)
    return Status(Code::unsupported,
                  "a group of " + std::to_string(calls.size()) + " messages is more than one operation can number; split it");
  return submission;
}

// A rank knows its row and its column only, so this is flat: one message to and from every rank, also when it is empty.
Result<std::unique_ptr<Submission>> Communicator::prepare(const CountsCall& call) {
  const size_t size = size_of(call.type);
  std::vector<MessageCall> messages;
  const auto n = static_cast<Rank>(ranks());
  for (Rank step = 0; step < n; ++step) {
    const Rank from = (rank() - step + n) % n, to = (rank() + step) % n;
    const auto f = static_cast<size_t>(from), t = static_cast<size_t>(to);
    messages.push_back({from, false, static_cast<std::byte*>(call.output) + call.receive_offsets[f] * size, call.receive_counts[f] * size});
    messages.push_back(
        {to, true, static_cast<std::byte*>(const_cast<void*>(call.input)) + call.send_offsets[t] * size, call.send_counts[t] * size});
  }
  auto submission = HAWSER_TRY(prepare(messages, call.timeout_ns));
  submission->description.collective = Collective::all_to_all_v;
  submission->description.type = call.type;
  submission->live = call.live;
  if (call.live != nullptr) call.live[rank()] = call.send_counts[static_cast<size_t>(rank())];
  return submission;
}

}  // namespace hawser
