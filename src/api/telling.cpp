// What the library says of itself: plans, topologies, errors, settings.
#include <algorithm>
#include <cstring>
#include <sstream>

#include "collectives/planner.h"
#include "src/api/arguments.h"
#include "src/api/errors.h"

namespace hawser::api {
namespace {

size_t give(const std::string& text, char* into, size_t capacity) {
  if (into != nullptr && capacity > 0) {
    const size_t part = std::min(text.size(), capacity - 1);
    std::memcpy(into, text.data(), part);
    into[part] = '\0';
  }
  return text.size();
}

bool alive(const hawser_comm* comm) { return comm != nullptr && comm->magic == hawser_comm::magic_alive; }

// "all_reduce 64MiB f32 [sum] [root 3] [library]": bytes as nccl-tests count them; library: everybody's buffers come from hawser_alloc.
Result<Call> read_request(const std::string& text, int ranks, bool& library) {
  std::istringstream words(text);
  std::string collective, bytes;
  words >> collective >> bytes;
  const auto kind = parse_collective(collective);
  if (!kind) return Status(Code::invalid, "\"" + collective + "\" is no collective; like: all_reduce 64MiB f32");
  Call call;
  call.collective = *kind;
  call.type = DataType::f32;
  const uint64_t total = bytes.empty() ? 0 : HAWSER_TRY(parse_bytes(bytes));
  for (std::string word; words >> word;) {
    if (const auto type = parse_data_type(word)) call.type = *type;
    else if (const auto op = parse_reduce_op(word)) call.op = *op;
    else if (word == "library") library = true;
    else if (word != "root" || !(words >> call.root))
      return Status(Code::invalid, "\"" + word + "\" is neither a type, an op, root N nor library");
    else if (call.root < 0) return Status(Code::invalid, "root " + std::to_string(call.root) + " is no rank");
  }
  if (call.root < 0 && rooted(call.collective)) call.root = 0;
  call.count = std::max<uint64_t>(1, total / size_of(call.type) / static_cast<uint64_t>(keeps_vector(call.collective) ? 1 : ranks));
  return call;
}

std::string explained(const hawser_comm* comm, const char* request) {
  if (!alive(comm)) return "the communicator is NULL, destroyed, or none\n";
  bool library = false;
  const auto call = read_request(request != nullptr ? request : "", comm->communicator->ranks(), library);
  if (!call.ok()) return call.error().text() + "\n";
  Request asked = comm->communicator->request(call.value());
  asked.library_buffers = library;
  return explain(comm->communicator->roster().topology, asked);
}

std::string settings_table() {
  const auto config = Config::read("");
  if (!config.ok()) return config.error().text() + "\n";
  std::string table;
  for (const SettingInfo& info : settings())
    table += std::string(info.name) + "\t" + std::string(info.kind) + "\t" + value_text(config.value(), info.name) + "\t" +
             info.default_value + "\t" + std::string(info.sentence) + "\n";
  return table;
}

template <class Make>
size_t tell_text(char* text, size_t capacity, Make&& make) {
  try {
    return give(make(), text, capacity);
  } catch (const std::exception& error) {
    (void)tell(Status(Code::internal, error.what()));
    return give("", text, capacity);
  }
}

}  // namespace
}  // namespace hawser::api

using namespace hawser::api;  // NOLINT: this is the edge of the library

extern "C" size_t hawser_explain(hawser_comm* comm, const char* request, char* text, size_t capacity) {
  return tell_text(text, capacity, [&] { return explained(comm, request); });
}

extern "C" size_t hawser_comm_topology(hawser_comm* comm, char* text, size_t capacity) {
  return tell_text(text, capacity, [&] { return alive(comm) ? comm->communicator->roster().topology.text() : std::string(); });
}

extern "C" size_t hawser_comm_error(hawser_comm* comm, char* text, size_t capacity) {
  return tell_text(text, capacity, [&] { return alive(comm) ? comm->communicator->membership().failure().story : std::string(); });
}

extern "C" size_t hawser_settings_text(char* text, size_t capacity) {
  return tell_text(text, capacity, [] { return settings_table(); });
}
