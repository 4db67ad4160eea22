// The wire's side of an edge: every header is checked here before it is believed, and payloads find where they belong.
#include <algorithm>

#include "transports/dialogue.h"

namespace hawser {
namespace {

// Announcements that no receive has asked for; more of them from one peer is an attack or a runaway caller.
constexpr size_t arrived_count_max = size_t{1} << 18;

}  // namespace

bool Dialogue::acknowledge(uint64_t returned) {
  if (returned > eager_sent_) return false;
  eager_acknowledged_ = std::max(eager_acknowledged_, returned);
  return true;
}

bool Dialogue::check_counters(uint32_t lane, const FrameHeader& header) {
  if (!acknowledge(header.returned)) return refuse("it returns more credit than was used");
  LaneCounts& counts = lanes_[lane];
  if (header.received > counts.sent) return refuse("it received more data than was sent");
  counts.acknowledged = std::max(counts.acknowledged, header.received);
  return true;
}

bool Dialogue::begin(uint32_t lane, const FrameHeader& header, Incoming& incoming) {
  incoming.header = header;
  incoming.target = nullptr;
  incoming.receive = no_slot;
  if (header.magic != frame_magic) return refuse("its first four bytes are not ours");
  if (limits_.frames_carry_credit && !check_counters(lane, header)) return false;
  if (header.type == FrameType::eager) ++only_heard_;
  else if (header.type != FrameType::credit) only_heard_ = 0;
  if (header.length && header.type != FrameType::eager && header.type != FrameType::data) return refuse("a payload behind a frame without");
  switch (header.type) {
    case FrameType::eager:
      return begin_eager(header, incoming);
    case FrameType::announce:
      return begin_announce(header);
    case FrameType::grant:
      return begin_grant(header);
    case FrameType::data:
      return begin_data(header, incoming);
    case FrameType::credit:
      return true;
  }
  return refuse("an unknown type of frame");
}

bool Dialogue::begin_eager(const FrameHeader& header, Incoming& incoming) {
  if (header.length > limits_.eager_bytes || header.envelope.bytes != header.length) return refuse("an eager message of a wrong length");
  if (header.envelope.kind > MessageKind::user) return refuse("an unknown kind of message");
  eager_arrived_ += eager_charge(header.length);
  if (eager_arrived_ - returned_ > limits_.credit_bytes) return refuse("more eager bytes than its credit");
  const uint32_t index = matching_.take_posted(header.envelope);
  if (index == no_slot) {
    if (ledger_.tombstones.contains(header.envelope.communicator)) return true;
    incoming.buffer = ledger_.buffers.take(header.length);
    incoming.target = incoming.buffer.data();
    return true;
  }
  Receive& receive = matching_.receives[index];
  receive.signature = header.envelope.signature;
  receive.expected = header.length;
  if (header.length > receive.capacity) {
    finish_receive(index, Code::truncated);
    return true;
  }
  receive.state = Receive::State::landing;
  incoming.receive = index;
  incoming.generation = receive.generation;
  land(index, header.envelope);
  incoming.target = receive.bytes;
  return true;
}

bool Dialogue::begin_announce(const FrameHeader& header) {
  if (header.message == 0) return refuse("an announcement without a number");
  if (header.envelope.kind > MessageKind::user) return refuse("an unknown kind of message");
  const uint32_t index = matching_.take_posted(header.envelope);
  if (index != no_slot) {
    grant(index, header.envelope, header.message);
  } else if (ledger_.tombstones.contains(header.envelope.communicator)) {
    refuse_message(header.message);
  } else {
    if (matching_.arrived_count() >= arrived_count_max) return refuse("too many messages that nobody receives");
    Arrived message;
    message.envelope = header.envelope;
    message.announcement = header.message;
    matching_.store(std::move(message));
  }
  return true;
}

bool Dialogue::begin_grant(const FrameHeader& header) {
  const uint32_t index = slot_index(header.message);
  if (index >= sends_.size()) return refuse("a grant for no message");
  Send& send = sends_[index];
  if (send.generation != slot_generation(header.message)) return true;  // ended here meanwhile
  if (send.state != Send::State::announced) return refuse("a grant for a message that was not announced");
  if (header.envelope.bytes == 0) {
    end_send(index, Code::ok);
    return true;
  }
  if (header.envelope.bytes != send.transfer.bytes.size()) return refuse("a grant of another length than was announced");
  send.state = Send::State::granted;
  send.receiver = header.offset;
  granted_.push(sends_, index);
  return true;
}

bool Dialogue::begin_data(const FrameHeader& header, Incoming& incoming) {
  const uint32_t index = slot_index(header.message);
  if (header.length == 0 || header.length > limits_.frame_bytes) return refuse("a data frame of a wrong length");
  if (index >= matching_.receives.size()) return refuse("data for no receive");
  Receive& receive = matching_.receives[index];
  if (receive.generation != slot_generation(header.message)) return true;  // ended here meanwhile
  if (receive.state != Receive::State::granted) return refuse("data for a receive that was not granted");
  const uint64_t length = header.length;
  if (length > receive.unclaimed || header.offset > receive.expected || length > receive.expected - header.offset) {
    return refuse("data outside its message");
  }
  incoming.receive = index;
  incoming.generation = receive.generation;
  incoming.target = receive.bytes + header.offset;
  receive.unclaimed -= length;
  return true;
}

void Dialogue::end(uint32_t lane, Incoming& incoming) {
  if (incoming.header.type == FrameType::eager) {
    end_eager(incoming);
  } else if (incoming.header.type == FrameType::data) {
    lanes_[lane].received += incoming.header.length;
    end_data(incoming);
  }
}

void Dialogue::end_eager(Incoming& incoming) {
  if (incoming.buffer) return keep_eager(incoming);
  give_back(eager_charge(incoming.header.length));
  if (incoming.receive != no_slot) finish_receive(incoming.receive, Code::ok);
}

// No receive was there when it began; there may be one by now, or its communicator may have ended.
void Dialogue::keep_eager(Incoming& incoming) {
  const uint64_t charge = eager_charge(incoming.header.length);
  if (ledger_.tombstones.contains(incoming.header.envelope.communicator)) {
    give_back(charge);
    return abandon(incoming);
  }
  Arrived message;
  message.envelope = incoming.header.envelope;
  message.buffer = std::move(incoming.buffer);
  stored_bytes_ += charge;
  if (stored_bytes_ > limits_.store_bytes) message.credit_due = charge;
  else give_back(charge);
  const uint32_t index = matching_.take_posted(message.envelope);
  if (index != no_slot) take_eager(index, message);
  else matching_.store(std::move(message));
}

void Dialogue::end_data(Incoming& incoming) {
  if (incoming.receive == no_slot) return;
  Receive& receive = matching_.receives[incoming.receive];
  if (receive.generation != incoming.generation) return;
  receive.remaining -= incoming.header.length;
  if (receive.remaining == 0) finish_receive(incoming.receive, Code::ok);
}

void Dialogue::abandon(Incoming& incoming) {
  ledger_.buffers.give(std::move(incoming.buffer));
  incoming.target = nullptr;
  incoming.receive = no_slot;
}

void Dialogue::recheck(Incoming& incoming) {
  if (incoming.receive == no_slot || matching_.receives[incoming.receive].generation == incoming.generation) return;
  incoming.target = nullptr;
  incoming.receive = no_slot;
}

}  // namespace hawser
