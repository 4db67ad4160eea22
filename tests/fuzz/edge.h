// A transport with one peer that says anything, and a few receives and sends it could be tempted to spoil.
#pragma once
#include <algorithm>
#include <array>
#include <memory>

#include "tests/fuzz/fuzz.h"
#include "transports/catalog.h"

namespace hawser::fuzz {

class Edge {
 public:
  Edge(std::string_view name, Lane lane) : transport_(make(name)) {
    require(transport_->adopt(0, std::move(lane)).ok(), "a fresh lane is adopted");
  }

  // What both ends of the seeds speak of: communicator 7, operation 0, ordinals 0 to 3; the last two are longer than any eager message.
  void post_receives() {
    for (uint16_t i = 0; i < kMessages; ++i) transport_->recv(transfer(i, targets_[i], 100 + i));
  }
  void post_sends() {
    for (uint16_t i = 0; i < kMessages; ++i) transport_->send(transfer(i, sources_[i], 200 + i));
  }

  // Moves what can be moved. No completion is of a stranger, none comes twice, none claims more than was posted.
  void poll() {
    std::array<Completion, 16> completions;
    const size_t count = transport_->poll(completions);
    require(count <= completions.size(), "no more completions than asked for");
    for (size_t i = 0; i < count; ++i) check(completions[i]);
  }

  // Words around every buffer are as they were, whatever came.
  void check_fences() const {
    for (const std::vector<std::byte>& target : targets_)
      require(std::all_of(target.end() - kFence, target.end(), [](std::byte b) { return b == std::byte{0}; }), "no byte behind a receive");
  }

 private:
  static constexpr uint16_t kMessages = 4;
  static constexpr size_t kFence = 64;
  static constexpr std::array<size_t, kMessages> kBytes = {8, 3000, 270 << 10, 300 << 10};

  static std::unique_ptr<Transport> make(std::string_view name) {
    for (const TransportRow& row : transports())
      if (row.name == name) return row.make();
    require(false, "the catalog has this transport");
    return nullptr;
  }
  static std::array<std::vector<std::byte>, kMessages> buffers() {
    std::array<std::vector<std::byte>, kMessages> all;
    for (uint16_t i = 0; i < kMessages; ++i) all[i].resize(kBytes[i] + kFence);
    return all;
  }
  Transfer transfer(uint16_t i, std::vector<std::byte>& buffer, Token token) {
    Envelope envelope;
    envelope.communicator = 7;
    envelope.bytes = kBytes[i];
    envelope.ordinal = i;
    return {0, envelope, {buffer.data(), kBytes[i]}, token};
  }
  void check(const Completion& completion) {
    const bool receive = completion.token >= 100 && completion.token < 100 + kMessages;
    require(receive || (completion.token >= 200 && completion.token < 200 + kMessages), "a completion of a transfer of ours");
    bool& done = done_[receive ? completion.token - 100 : completion.token - 200 + kMessages];
    require(!done, "one completion a transfer");
    done = true;
    if (receive && completion.code == Code::ok)
      require(completion.bytes <= kBytes[completion.token - 100], "no more bytes than the receive holds");
  }

  std::array<std::vector<std::byte>, kMessages> targets_ = buffers(), sources_ = buffers();
  std::array<bool, size_t{2} * kMessages> done_{};
  std::unique_ptr<Transport> transport_;  // ends before the buffers
};

}  // namespace hawser::fuzz
