// Submitting a group: sends and receives of one communicator and stream become one operation, so that their order cannot block them.
#include "src/communicator/call_group.h"

#include <algorithm>
#include <map>

namespace hawser {

void CallGroup::add(Communicator& communicator, Stream* stream, const Call& call) {
  Entry entry;
  entry.communicator = &communicator;
  entry.stream = stream;
  entry.call = call;
  entries_.push_back(std::move(entry));
}

void CallGroup::add(Communicator& communicator, Stream* stream, Communicator::CountsCall counts) {
  Entry entry;
  entry.communicator = &communicator;
  entry.stream = stream;
  entry.counts = std::make_unique<Communicator::CountsCall>(std::move(counts));
  entries_.push_back(std::move(entry));
}

void CallGroup::add(Communicator& communicator, Stream* stream, const MessageCall& message, uint64_t timeout_ns) {
  for (Entry& entry : entries_)
    if (entry.communicator == &communicator && entry.stream == stream && !entry.messages.empty()) {
      entry.messages.push_back(message);
      entry.timeout_ns = std::max(entry.timeout_ns, timeout_ns);
      return;
    }
  Entry entry;
  entry.communicator = &communicator;
  entry.stream = stream;
  entry.messages.push_back(message);
  entry.timeout_ns = timeout_ns;
  entries_.push_back(std::move(entry));
}

Status CallGroup::prepare(Entry& entry, std::unique_ptr<Submission>& into) {
  if (!entry.messages.empty()) into = HAWSER_TRY(entry.communicator->prepare(entry.messages, entry.timeout_ns));
  else if (entry.counts) into = HAWSER_TRY(entry.communicator->prepare(*entry.counts));
  else into = HAWSER_TRY(entry.communicator->prepare(entry.call));
  return {};
}

Status CallGroup::submit() {
  std::vector<Entry> entries = std::exchange(entries_, {});
  std::vector<std::unique_ptr<Submission>> prepared(entries.size());
  for (size_t i = 0; i < entries.size(); ++i)
    HAWSER_TRY(prepare(entries[i], prepared[i]));  // nothing is submitted unless everything can be

  std::map<Context*, std::vector<Submission*>> by_context;  // in the order of the calls
  for (size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries[i];
    Submission* const one = entry.stream != nullptr ? entry.stream->take(*entry.communicator, std::move(prepared[i])) : prepared[i].get();
    by_context[&entry.communicator->context()].push_back(one);
  }
  if (by_context.size() == 1) {
    by_context.begin()->first->run(by_context.begin()->second);
  } else {
    const std::vector<std::pair<Context*, std::vector<Submission*>>> work(by_context.begin(), by_context.end());
    Context::run_together(work);
  }
  for (size_t i = 0; i < entries.size(); ++i)
    if (prepared[i]) HAWSER_TRY(entries[i].communicator->outcome(*prepared[i]));
  return {};
}

}  // namespace hawser
