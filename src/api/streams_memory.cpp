// Host streams, and memory that the ranks of a host share.
#include "src/api/arguments.h"
#include "src/api/context_table.h"
#include "src/api/errors.h"
#include "src/api/pending_group.h"

namespace hawser::api {
namespace {

Result<hawser_context*> context_for(hawser_context* given) {
  const Config config = HAWSER_TRY(Config::read(""));
  return ContextTable::instance().acquire(given, config, 0);
}

Result<hawser_host_stream*> host_stream(hawser_stream stream) {
  auto* const handle = static_cast<hawser_host_stream*>(stream.handle);
  if (stream.kind != HAWSER_HOST_STREAM || handle == nullptr || handle->magic != hawser_host_stream::magic_alive)
    return Status(Code::invalid, "the stream is none that hawser_stream_create made");
  return handle;
}

}  // namespace
}  // namespace hawser::api

using namespace hawser;       // NOLINT: this is the edge of the library
using namespace hawser::api;  // NOLINT

extern "C" hawser_status hawser_stream_create(hawser_context* context, hawser_stream* stream) {
  return guarded([&]() -> Status {
    if (stream == nullptr) return Status(Code::invalid, "the place for the stream is NULL");
    *stream = {};
    hawser_context* const acquired = HAWSER_TRY(context_for(context));
    auto* const handle = new hawser_host_stream;
    handle->context = acquired;
    handle->stream = std::make_unique<Stream>(*acquired->context);
    *stream = {handle, HAWSER_HOST_STREAM, 0};
    return {};
  });
}

extern "C" hawser_status hawser_stream_destroy(hawser_stream stream) {
  return guarded([&]() -> Status {
    hawser_host_stream* const handle = HAWSER_TRY(host_stream(stream));
    if (PendingGroup::mine().open()) return Status(Code::usage, "a stream cannot be destroyed within a group");
    handle->magic = hawser_host_stream::magic_dead;
    handle->stream.reset();
    ContextTable::instance().release(handle->context, 0);
    delete handle;
    return {};
  });
}

extern "C" hawser_status hawser_stream_query(hawser_stream stream) {
  return guarded([&]() -> Status { return HAWSER_TRY(host_stream(stream))->stream->query(); });
}

extern "C" hawser_status hawser_stream_synchronize(hawser_stream stream, uint64_t timeout_ns) {
  return guarded([&]() -> Status { return HAWSER_TRY(host_stream(stream))->stream->synchronize(timeout_ns); });
}

extern "C" hawser_status hawser_alloc(hawser_context* context, size_t bytes, void** memory) {
  return guarded([&]() -> Status {
    if (memory == nullptr) return Status(Code::invalid, "the place for the memory is NULL");
    *memory = nullptr;
    if (bytes == 0) return Status(Code::invalid, "hawser_alloc: bytes must be at least 1");
    hawser_context* const acquired = HAWSER_TRY(context_for(context));
    const auto carve = [&]() -> Result<std::byte*> {
      Segment* const segment = acquired->context->segment();
      if (segment == nullptr) return Status(Code::unsupported, "hawser_alloc: with transport=tcp no memory is shared; use malloc");
      return segment->carve(bytes);
    };
    auto carved = carve();
    if (!carved.ok()) {
      ContextTable::instance().release(acquired, 0);
      return std::move(carved).status();
    }
    ContextTable::instance().note_memory(acquired, carved.value());
    *memory = carved.value();
    return {};
  });
}

extern "C" hawser_status hawser_free(hawser_context* context, void* memory) {
  return guarded([&]() -> Status {
    if (memory == nullptr) return {};
    hawser_context* const owner = HAWSER_TRY(ContextTable::instance().take_memory(context, memory));
    // A rank that did not hear of a failure yet may still store what an operation had it store: such memory lives as long as its context.
    if (!owner->context->stores_may_come()) owner->context->segment()->free(static_cast<std::byte*>(memory));
    ContextTable::instance().release(owner, 0);
    return {};
  });
}
