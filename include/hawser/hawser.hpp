// Hawser for C++17 and later: owners for the handles of hawser.h, typed buffers, and errors as exceptions. Header only; nothing but the C
// API is behind it, and the two may be mixed.
//
// (1) What can fail throws hawser::Error, which has the status and its story. Destructors never throw.
// (2) An object owns its handle and is moved, not copied. Order of destruction: communicators, streams and memory before their context.
// (3) Operations take typed pointers and counts of elements; the rules of hawser.h hold (in place, order, lifetimes of buffers). Without a
//     stream they return when the result is there; with one they return at once, and stream.synchronize() waits and throws.
#pragma once
#include <hawser/hawser.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace hawser {
// Inline, so that users write hawser::Communicator while these names and those inside the library stay apart.
inline namespace wrapper {

// A failed call: what() is its story, status() its number.
class Error : public std::runtime_error {
 public:
  // The number, and the text that goes with it; an empty text becomes the number's name.
  Error(hawser_status status, const std::string& text)
      : std::runtime_error(text.empty() ? std::string(hawser_status_name(status)) : text), status_(status) {}
  // HAWSER_TIMEOUT, HAWSER_PEER ...
  hawser_status status() const noexcept { return status_; }

 private:
  hawser_status status_;
};

// Throws what a call of the C API, made just before on this thread, came to, unless that is HAWSER_OK or HAWSER_IN_PROGRESS.
inline void check(hawser_status status) {
  if (status < 0) throw Error(status, hawser_error_text());
}

// What the C API takes: nanoseconds, zero for the default. HAWSER_INVALID for less.
inline uint64_t timeout_ns(std::chrono::nanoseconds timeout) {
  if (timeout.count() < 0) throw Error(HAWSER_INVALID, "a timeout of " + std::to_string(timeout.count()) + " ns is in the past");
  return static_cast<uint64_t>(timeout.count());
}

// The element type of a C++ type. A type without one does not compile; 16-bit and 8-bit floats go through the C API.
template <class T>
constexpr hawser_type type_of() {
  if constexpr (std::is_same_v<T, float>) return HAWSER_F32;
  else if constexpr (std::is_same_v<T, double>) return HAWSER_F64;
  else {
    static_assert(std::is_integral_v<T> && sizeof(T) != 2 && !std::is_same_v<T, bool>, "no Hawser type for this C++ type");
    if constexpr (sizeof(T) == 1) return std::is_signed_v<T> ? HAWSER_I8 : HAWSER_U8;
    else if constexpr (sizeof(T) == 4) return std::is_signed_v<T> ? HAWSER_I32 : HAWSER_U32;
    else return std::is_signed_v<T> ? HAWSER_I64 : HAWSER_U64;
  }
}

// What ranks need to find each other. Whoever has it can join: pass it by private means.
class Id {
 public:
  // A new one, and the meeting point behind it, in this process.
  static Id create() {
    Id id;
    check(hawser_id_create(&id.id_));
    return id;
  }
  // From 256 hexadecimal digits, as text() gives them. HAWSER_INVALID for anything else.
  static Id parse(const std::string& text) {
    Id id;
    if (text.size() != 2 * sizeof id.id_.bytes || text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
      throw Error(HAWSER_INVALID, "an id is 256 hexadecimal digits; this is " + std::to_string(text.size()) + " characters");
    for (size_t i = 0; i < sizeof id.id_.bytes; ++i)
      id.id_.bytes[i] = static_cast<unsigned char>(std::stoi(text.substr(2 * i, 2), nullptr, 16));
    return id;
  }
  // From the C API's value.
  static Id from(const hawser_id& raw) {
    Id id;
    id.id_ = raw;
    return id;
  }
  // 256 hexadecimal digits; what the setting "id" (HAWSER_ID) takes.
  std::string text() const {
    std::string text;
    for (const unsigned char byte : id_.bytes) (text += "0123456789abcdef"[byte >> 4]) += "0123456789abcdef"[byte & 15];
    return text;
  }
  // The C API's value: 128 bytes to send to every rank.
  const hawser_id& raw() const noexcept { return id_; }

 private:
  Id() = default;
  hawser_id id_{};
};

// One rank's seat in a process, for programs that do not want the creating thread's own.
class Context {
 public:
  // settings as in hawser_comm_options: "name=value name=value".
  explicit Context(const std::string& settings = {}) {
    hawser_comm_options options{};
    options.size = sizeof options;
    options.settings = settings.c_str();
    check(hawser_context_create(&options, &context_));
  }
  Context(Context&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
  Context& operator=(Context&& other) noexcept {
    std::swap(context_, other.context_);
    return *this;
  }
  // Communicators, streams and memory made with it must be gone.
  ~Context() { (void)hawser_context_destroy(context_); }
  // The C API's handle, still owned here.
  hawser_context* get() const noexcept { return context_; }

 private:
  hawser_context* context_ = nullptr;
};

// Memory that ranks of the same host read and write directly: collectives on it are the fastest. Zero at first; elements are not
// constructed.
template <class T>
class Memory {
  static_assert(std::is_trivially_copyable_v<T>, "Memory holds plain elements");

 public:
  // count elements, in the context's shared memory; nullptr: this thread's own context.
  explicit Memory(size_t count, hawser_context* context = nullptr) : context_(context), count_(count) {
    if (count > SIZE_MAX / sizeof(T)) throw Error(HAWSER_INVALID, std::to_string(count) + " elements are more than memory can hold");
    void* memory = nullptr;
    check(hawser_alloc(context_, count * sizeof(T), &memory));
    data_ = static_cast<T*>(memory);
  }
  Memory(Memory&& other) noexcept
      : context_(other.context_), data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  // Waits until no peer can still store into it.
  ~Memory() { (void)hawser_free(context_, data_); }
  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  // How many elements.
  size_t size() const noexcept { return count_; }
  // Unchecked, as an array's.
  T& operator[](size_t i) noexcept { return data_[i]; }
  const T& operator[](size_t i) const noexcept { return data_[i]; }
  T* begin() noexcept { return data_; }
  T* end() noexcept { return data_ + count_; }
  const T* begin() const noexcept { return data_; }
  const T* end() const noexcept { return data_ + count_; }

 private:
  hawser_context* context_ = nullptr;
  T* data_ = nullptr;
  size_t count_ = 0;
};

// Host work in the order of the calls. Pass it as the last argument of an operation.
class Stream {
 public:
  // nullptr: of this thread's own context.
  explicit Stream(hawser_context* context = nullptr) { check(hawser_stream_create(context, &stream_)); }
  Stream(Stream&& other) noexcept : stream_(std::exchange(other.stream_, hawser_stream{})) {}
  Stream& operator=(Stream&& other) noexcept {
    std::swap(stream_, other.stream_);
    return *this;
  }
  // Waits for its work; an error that nobody asked for is lost. synchronize() first.
  ~Stream() {
    if (stream_.handle) (void)hawser_stream_destroy(stream_);
  }
  // True when everything is done. Throws the first error of its operations, once.
  bool idle() const {
    const hawser_status status = hawser_stream_query(stream_);
    check(status);
    return status == HAWSER_OK;
  }
  // Waits until everything is done; zero: no limit of its own. Throws the first error of its operations, once.
  void synchronize(std::chrono::nanoseconds timeout = {}) const { check(hawser_stream_synchronize(stream_, timeout_ns(timeout))); }
  // The C API's value, still owned here.
  hawser_stream get() const noexcept { return stream_; }
  operator hawser_stream() const noexcept { return stream_; }

 private:
  hawser_stream stream_{};
};

// Operations and creations of this thread between construction and end() are submitted together. Groups nest; the outermost one acts.
class Group {
 public:
  Group() { check(hawser_group_begin()); }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  // Submits, waits for the blocking members, throws the group's first error.
  void end() {
    open_ = false;
    check(hawser_group_end());
  }
  // After an exception between begin and end: closes the group, so that the thread is usable; its own error is dropped for the first one.
  ~Group() {
    if (open_) (void)hawser_group_end();
  }

 private:
  bool open_ = true;
};

// How a communicator is made. All zero and empty: the defaults.
struct Options {
  hawser_context* context = nullptr;   // nullptr: the creating thread's own
  std::chrono::nanoseconds timeout{};  // of every operation; zero: the setting "timeout"
  std::string name;                    // for messages
  std::string settings;                // "name=value name=value"; docs/settings.md lists them
};

// A fixed set of ranks that call the same operations in the same order. Any thread may call.
class Communicator {
 public:
  // Empty, to be assigned to.
  Communicator() : comm_(std::make_unique<hawser_comm*>(nullptr)) {}
  // Collective; blocks until all ranks are there. Inside a Group the result is empty until the group ended, and must outlive the Group:
  // declare communicators before it, and assign.
  static Communicator create(const Id& id, int ranks, int rank, const Options& options = {}) {
    return make(options,
                [&](const hawser_comm_options& raw, hawser_comm** comm) { return hawser_comm_create(&id.raw(), ranks, rank, &raw, comm); });
  }
  // Ranks meet through a file that must not exist before.
  static Communicator create_from_file(const std::string& path, int ranks, int rank, const Options& options = {}) {
    return make(options, [&](const hawser_comm_options& raw, hawser_comm** comm) {
      return hawser_comm_create_from_file(path.c_str(), ranks, rank, &raw, comm);
    });
  }
  // From HAWSER_*, torchrun's or Open MPI's variables; one rank alone when there are none.
  static Communicator create_from_environment(const Options& options = {}) {
    return make(options,
                [](const hawser_comm_options& raw, hawser_comm** comm) { return hawser_comm_create_from_environment(&raw, comm); });
  }
  // Takes over a handle of the C API.
  static Communicator adopt(hawser_comm* comm) {
    Communicator result;
    *result.comm_ = comm;
    return result;
  }

  Communicator(Communicator&&) noexcept = default;
  Communicator& operator=(Communicator&& other) noexcept {
    std::swap(comm_, other.comm_);
    return *this;
  }
  // Operations that are not done fail with HAWSER_ABORTED, on streams too. finalize() first to complete them.
  ~Communicator() {
    if (comm_) (void)hawser_comm_destroy(*comm_);
  }

  // Collective. Ranks of equal color form a new communicator, ordered by key; with a negative color the result is empty.
  Communicator split(int color, int key, const Options& options = {}) const {
    return make(options,
                [&](const hawser_comm_options& raw, hawser_comm** part) { return hawser_comm_split(get(), color, key, &raw, part); });
  }
  // Collective: completes what is under way and refuses what comes later.
  void finalize() { check(hawser_comm_finalize(get())); }
  // From any thread, never blocks: ends what is under way, on every rank.
  void abort() { check(hawser_comm_abort(get())); }
  // HAWSER_OK, HAWSER_IN_PROGRESS, or the error that ended it. Does not throw.
  hawser_status state() const noexcept { return hawser_comm_state(get()); }
  // False for the result of a split with a negative color, and within the group that creates it.
  explicit operator bool() const noexcept { return get() != nullptr; }
  // This rank's number; -1 when empty.
  int rank() const noexcept { return hawser_comm_rank(get()); }
  // How many ranks there are; -1 when empty.
  int ranks() const noexcept { return hawser_comm_ranks(get()); }
  // The C API's handle, still owned here.
  hawser_comm* get() const noexcept { return comm_ ? *comm_ : nullptr; }

  // out[i] = op over ranks of in[i].
  template <class T>
  void all_reduce(const T* in, T* out, size_t count, hawser_op op = HAWSER_SUM, hawser_stream stream = {}) const {
    check(hawser_all_reduce(get(), in, out, count, type_of<T>(), op, stream, nullptr));
  }
  // As all_reduce, the result at root only.
  template <class T>
  void reduce(const T* in, T* out, size_t count, int root, hawser_op op = HAWSER_SUM, hawser_stream stream = {}) const {
    check(hawser_reduce(get(), in, out, count, type_of<T>(), op, root, stream, nullptr));
  }
  // data on every rank = data of root.
  template <class T>
  void broadcast(T* data, size_t count, int root, hawser_stream stream = {}) const {
    check(hawser_broadcast(get(), data, data, count, type_of<T>(), root, stream, nullptr));
  }
  // out[r * count ...) = in of rank r; out holds ranks() * count elements.
  template <class T>
  void all_gather(const T* in, T* out, size_t count, hawser_stream stream = {}) const {
    check(hawser_all_gather(get(), in, out, count, type_of<T>(), stream, nullptr));
  }
  // out[i] = op over ranks of in[rank() * count + i]; in holds ranks() * count elements.
  template <class T>
  void reduce_scatter(const T* in, T* out, size_t count, hawser_op op = HAWSER_SUM, hawser_stream stream = {}) const {
    check(hawser_reduce_scatter(get(), in, out, count, type_of<T>(), op, stream, nullptr));
  }
  // out[r * count ...) = in[rank() * count ...) of rank r; both hold ranks() * count elements.
  template <class T>
  void all_to_all(const T* in, T* out, size_t count, hawser_stream stream = {}) const {
    check(hawser_all_to_all(get(), in, out, count, type_of<T>(), stream, nullptr));
  }
  // Unequal counts: see hawser_counts. Both arrays are copied before the call returns, except what out_counts.live points to.
  template <class T>
  void all_to_all_v(const T* in, const hawser_counts& in_counts, T* out, const hawser_counts& out_counts, hawser_stream stream = {}) const {
    check(hawser_all_to_all_v(get(), in, &in_counts, out, &out_counts, type_of<T>(), stream, nullptr));
  }
  // Nobody returns before everybody has entered.
  void barrier(hawser_stream stream = {}) const { check(hawser_barrier(get(), stream, nullptr)); }
  // The k-th send of a pair meets its k-th receive.
  template <class T>
  void send(const T* in, size_t count, int peer, hawser_stream stream = {}) const {
    check(hawser_send(get(), in, count, type_of<T>(), peer, stream, nullptr));
  }
  // Fewer elements than count may come; a longer message is HAWSER_TRUNCATED.
  template <class T>
  void recv(T* out, size_t count, int peer, hawser_stream stream = {}) const {
    check(hawser_recv(get(), out, count, type_of<T>(), peer, stream, nullptr));
  }

  // The plan for a request like "all_reduce 64MiB f32", the ones it beat, and the bound.
  std::string explain(const std::string& request) const {
    return text([&](char* into, size_t capacity) { return hawser_explain(get(), request.c_str(), into, capacity); });
  }
  // The topology all ranks agreed on, in its text form.
  std::string topology() const {
    return text([&](char* into, size_t capacity) { return hawser_comm_topology(get(), into, capacity); });
  }
  // The story of this communicator's last error; empty if there was none.
  std::string error() const {
    return text([&](char* into, size_t capacity) { return hawser_comm_error(get(), into, capacity); });
  }

 private:
  template <class Create>
  static Communicator make(const Options& options, const Create& create) {
    hawser_comm_options raw{};
    raw.size = sizeof raw;
    raw.context = options.context;
    raw.timeout_ns = timeout_ns(options.timeout);
    raw.name = options.name.empty() ? nullptr : options.name.c_str();
    raw.settings = options.settings.empty() ? nullptr : options.settings.c_str();
    Communicator result;
    check(create(raw, result.comm_.get()));
    return result;
  }

  // Texts may grow between asking for their length and reading them: ask until one fits.
  template <class Read>
  static std::string text(const Read& read) {
    std::string result;
    for (size_t bytes = read(nullptr, 0); bytes > result.size(); bytes = read(result.data(), result.size() + 1)) result.resize(bytes);
    return std::string(result.c_str());
  }

  std::unique_ptr<hawser_comm*> comm_;  // the handle's own place does not move: a group writes it at its end
};

}  // namespace wrapper
}  // namespace hawser
