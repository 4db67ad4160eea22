// Connects n transports of one row, whatever its kind, and drives them from one thread.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "transports/transport.h"

namespace hawser::testing {

class World {
 public:
  virtual ~World() = default;
  virtual void kill(int rank) = 0;  // its process dies: its transport is gone
  virtual void step() {}            // time passes
  // Sleeps as the engine does, if arm() lets it. False: ten seconds passed. The rank's own thread.
  virtual bool doze(int rank);
  Transport& at(int rank) { return *transports_[static_cast<size_t>(rank)]; }
  int size() const { return static_cast<int>(transports_.size()); }

 protected:
  std::vector<std::unique_ptr<Transport>> transports_;
};

struct Row {
  std::string name;
  std::function<std::unique_ptr<World>(int ranks, int lanes)> connect;
  bool threads = true;  // its transports may be driven by a thread each
};
inline void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
std::vector<Row> rows();

struct Key {  // of an envelope, with defaults
  uint64_t communicator = 1;
  uint32_t operation = 0, slice = 0;
  uint16_t ordinal = 0;
  MessageKind kind = MessageKind::collective;
  uint32_t signature = 7;
};
Envelope envelope_of(const Key&, uint64_t bytes);
std::vector<std::byte> pattern(size_t bytes, uint64_t seed);

// Tokens are given out here; completions are gathered by token, also of what was over at once.
class Driver {
 public:
  explicit Driver(World& world, bool at_once = false) : world_(world), at_once_(at_once) {}
  Token send(int from, int to, const Key&, std::span<const std::byte>);
  Token recv(int at, int from, const Key&, std::span<std::byte>);
  Token recv_lent(int at, int from, const Key&, uint64_t capacity);
  bool done(Token token) const { return completions_.count(token) != 0; }
  const Completion& of(Token token) const { return completions_.at(token); }
  size_t done_count() const { return completions_.size(); }
  void poll();  // once, every living rank
  void run(int rounds) {
    while (rounds-- > 0) poll();
  }
  bool run_until(const std::function<bool()>&);  // false: ten seconds passed
  bool finish(const std::vector<Token>&);        // all of them are done
  void bury(int rank) { dead_.push_back(rank); }

 private:
  Token send(int from, const Transfer&);
  Token recv(int at, const Transfer&);
  void completed(const Completion&);
  World& world_;
  const bool at_once_;  // send_now and recv_now are called
  std::map<Token, Completion> completions_;
  std::vector<int> dead_;
  Token next_ = 1;
};

}  // namespace hawser::testing
