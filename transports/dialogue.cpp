// The caller's side of an edge: transfers begin, end and are forgotten here; frames are chosen for lanes that can take one.
#include "transports/dialogue.h"

#include <algorithm>

namespace hawser {

void Ledger::release(Token token) {
  const auto found = std::find_if(lent.begin(), lent.end(), [=](const Lent& one) { return one.token == token; });
  if (found == lent.end()) return;
  buffers.give(std::move(found->buffer));
  if (&*found != &lent.back()) *found = std::move(lent.back());
  lent.pop_back();
}

uint32_t Dialogue::add_lane() {
  lanes_.emplace_back();
  return static_cast<uint32_t>(lanes_.size() - 1);
}

void Dialogue::complete(Token token, Code code, uint32_t signature, uint64_t bytes, const std::byte* lent) {
  ledger_.completions.push({.token = token, .code = code, .signature = signature, .bytes = bytes, .lent = lent});
}

FrameHeader& Dialogue::say(FrameType type, uint64_t message) {
  FrameHeader& header = control_.push();
  header = FrameHeader();
  header.type = type;
  header.message = message;
  return header;
}

bool Dialogue::ended(const Transfer& transfer) {
  Code code = failure_;
  if (code == Code::ok && ledger_.tombstones.contains(transfer.envelope.communicator)) code = Code::aborted;
  if (code == Code::ok) return false;
  complete(transfer.token, code);
  return true;
}

bool Dialogue::may_go_eagerly(uint64_t bytes) const {
  return bytes <= limits_.eager_bytes && eager_sent_ - eager_acknowledged_ + eager_charge(bytes) <= limits_.credit_bytes;
}

bool Dialogue::send_at_once(const Transfer& transfer, FrameHeader& header) {
  if (failure_ != Code::ok || !control_.empty() || !queued_.empty() || !may_go_eagerly(transfer.bytes.size())) return false;
  if (ledger_.tombstones.contains(transfer.envelope.communicator)) return false;
  eager_sent_ += eager_charge(transfer.bytes.size());
  only_heard_ = 0;
  header.type = FrameType::eager;
  header.length = static_cast<uint32_t>(transfer.bytes.size());
  header.envelope = transfer.envelope;
  header.envelope.bytes = transfer.bytes.size();
  header.returned = told_ = returned_;
  if (!lanes_.empty()) header.received = lanes_[0].told = lanes_[0].received;
  return true;
}

void Dialogue::send(const Transfer& transfer) {
  if (ended(transfer)) return;
  const uint32_t index = sends_.take();
  Send& send = sends_[index];
  send.transfer = transfer;
  send.transfer.envelope.bytes = transfer.bytes.size();
  if (may_go_eagerly(transfer.bytes.size())) {
    eager_sent_ += eager_charge(transfer.bytes.size());
    send.state = Send::State::queued;
    queued_.push(sends_, index);
    return;
  }
  send.state = Send::State::announced;
  say(FrameType::announce, slot_number(index, send.generation)).envelope = send.transfer.envelope;
}

void Dialogue::recv(const Transfer& transfer) {
  const uint32_t arrived = matching_.take_arrived(transfer.envelope);
  if (arrived == no_slot) {
    if (!ended(transfer)) matching_.post(transfer);
    return;
  }
  const uint32_t receive = matching_.post(transfer);
  [[maybe_unused]] const uint32_t posted = matching_.take_posted(transfer.envelope);
  Arrived& message = matching_.messages[arrived];
  if (message.announcement) grant(receive, message.envelope, message.announcement);
  else take_eager(receive, message);
  matching_.messages.give(arrived);
}

void Dialogue::take_eager(uint32_t receive, Arrived& message) {
  Receive& into = matching_.receives[receive];
  stored_bytes_ -= eager_charge(message.envelope.bytes);
  give_back(message.credit_due);
  into.signature = message.envelope.signature;
  into.expected = message.envelope.bytes;
  if (message.envelope.bytes > into.capacity) {
    ledger_.buffers.give(std::move(message.buffer));
    return finish_receive(receive, Code::truncated);
  }
  if (into.lends) {
    into.buffer = std::move(message.buffer);
    into.bytes = into.buffer.data();
  } else {
    if (message.envelope.bytes) std::memcpy(into.bytes, message.buffer.data(), message.envelope.bytes);
    ledger_.buffers.give(std::move(message.buffer));
  }
  finish_receive(receive, Code::ok);
}

void Dialogue::finish_receive(uint32_t index, Code code) {
  Receive& receive = matching_.receives[index];
  const bool lent = receive.lends && code == Code::ok;
  complete(receive.token, code, receive.signature, code == Code::ok ? receive.expected : 0, lent ? receive.bytes : nullptr);
  if (lent) ledger_.lent.push_back({receive.token, std::move(receive.buffer)});
  else ledger_.buffers.give(std::move(receive.buffer));
  matching_.receives.give(index);
}

void Dialogue::grant(uint32_t index, const Envelope& envelope, uint64_t announcement) {
  Receive& receive = matching_.receives[index];
  receive.signature = envelope.signature;
  receive.expected = envelope.bytes;
  if (envelope.bytes > receive.capacity) {
    refuse_message(announcement);
    return finish_receive(index, Code::truncated);
  }
  land(index, envelope);
  if (envelope.bytes == 0) {
    refuse_message(announcement);
    return finish_receive(index, Code::ok);
  }
  receive.state = Receive::State::granted;
  receive.unclaimed = receive.remaining = envelope.bytes;
  FrameHeader& header = say(FrameType::grant, announcement);
  header.offset = slot_number(index, receive.generation);
  header.envelope.bytes = envelope.bytes;
}

void Dialogue::refuse_message(uint64_t announcement) { say(FrameType::grant, announcement); }

void Dialogue::land(uint32_t index, const Envelope& envelope) {
  Receive& receive = matching_.receives[index];
  if (!receive.lends) return;
  receive.buffer = ledger_.buffers.take(envelope.bytes);
  receive.bytes = receive.buffer.data();
}

void Dialogue::drop(uint32_t arrived) {
  Arrived& message = matching_.messages[arrived];
  if (message.announcement) {
    refuse_message(message.announcement);
  } else {
    stored_bytes_ -= eager_charge(message.envelope.bytes);
    give_back(message.credit_due);
    ledger_.buffers.give(std::move(message.buffer));
  }
  matching_.messages.give(arrived);
}

void Dialogue::end_send(uint32_t index, Code code) {
  Send& send = sends_[index];
  if (send.state != Send::State::ended) complete(send.transfer.token, code);
  if (send.on_lanes) send.state = Send::State::ended;
  else sends_.give(index);
}

void Dialogue::forget(uint64_t communicator) {
  const auto of_it = [=](const Send& send) { return send.transfer.envelope.communicator == communicator; };
  while (queued_.take_if(sends_, [&](const Send& send) {
    if (of_it(send)) eager_sent_ -= eager_charge(send.transfer.bytes.size());
    return of_it(send);
  }) != no_slot) {}
  while (granted_.take_if(sends_, of_it) != no_slot) {}
  for (uint32_t i = 0; i < sends_.size(); ++i) {
    if (sends_[i].state != Send::State::free && sends_[i].state != Send::State::ended && of_it(sends_[i])) end_send(i, Code::aborted);
  }
  while (matching_.take_posted_of(communicator) != no_slot) {}
  for (uint32_t i = 0; i < matching_.receives.size(); ++i) {
    const Receive& receive = matching_.receives[i];
    if (receive.state != Receive::State::free && receive.envelope.communicator == communicator) finish_receive(i, Code::aborted);
  }
  for (uint32_t i; (i = matching_.take_arrived_of(communicator)) != no_slot;) drop(i);
}

void Dialogue::fail(Code code) {
  if (failure_ != Code::ok) return;
  failure_ = code;
  control_.clear();
  queued_.clear();
  granted_.clear();
  for (uint32_t i = 0; i < sends_.size(); ++i) {
    sends_[i].on_lanes = 0;  // the lanes are gone
    if (sends_[i].state != Send::State::free) end_send(i, code);
  }
  while (matching_.take_any_posted() != no_slot) {}
  for (uint32_t i = 0; i < matching_.receives.size(); ++i) {
    if (matching_.receives[i].state != Receive::State::free) finish_receive(i, code);
  }
  for (uint32_t i; (i = matching_.take_announced()) != no_slot;) matching_.messages.give(i);
}

void Dialogue::drop_arrived() {
  for (uint32_t i; (i = matching_.take_any_arrived()) != no_slot;) drop(i);
  control_.clear();
}

bool Dialogue::next(uint32_t lane, Outgoing& out) {
  if (failure_ != Code::ok || !has_output(lane)) return false;
  LaneCounts& counts = lanes_[lane];
  out = Outgoing();
  if (!control_.empty()) {
    out.header = control_.front();
    control_.pop();
  } else if (!queued_.empty()) {
    out.send = queued_.pop(sends_);
    Send& send = sends_[out.send];
    ++send.on_lanes;
    out.header.type = FrameType::eager;
    out.header.length = static_cast<uint32_t>(send.transfer.bytes.size());
    out.header.envelope = send.transfer.envelope;
    out.payload = send.transfer.bytes.data();
  } else if (!granted_.empty() && window_open(counts)) {
    next_data(counts, out);
  }
  if (out.header.type != FrameType::credit) only_heard_ = 0;
  out.header.returned = told_ = returned_;
  out.header.received = counts.told = counts.received;
  return true;
}

void Dialogue::next_data(LaneCounts& counts, Outgoing& out) {
  out.send = granted_.first();
  Send& send = sends_[out.send];
  const uint64_t left = send.transfer.bytes.size() - send.offset;
  const uint64_t length = std::min(left, limits_.frame_bytes);
  out.header.type = FrameType::data;
  out.header.length = static_cast<uint32_t>(length);
  out.header.message = send.receiver;
  out.header.offset = send.offset;
  out.payload = send.transfer.bytes.data() + send.offset;
  send.offset += length;
  counts.sent += length;
  ++send.on_lanes;
  if (length == left) granted_.pop(sends_);
}

void Dialogue::written(const Outgoing& out) {
  if (out.send == no_slot) return;
  Send& send = sends_[out.send];
  --send.on_lanes;
  const bool whole = send.state == Send::State::queued || (send.state == Send::State::granted && send.offset == send.transfer.bytes.size());
  if (send.on_lanes == 0 && (whole || send.state == Send::State::ended)) end_send(out.send, Code::ok);
}

}  // namespace hawser
