// Cells and ring are written and read here. Nothing of the peer's memory is believed: a cell is copied out before it is looked at, and
// positions are counted on this side only.
#include "transports/shm/wire.h"

#include <cstring>

namespace hawser {
namespace {

constexpr Limits shm_limits{.eager_bytes = ShmWire::eager_bytes,
                            .credit_bytes = size_t{256} << 10,
                            .frame_bytes = size_t{32} << 10,
                            .window_bytes = 0,
                            .store_bytes = size_t{4} << 20,
                            .frames_carry_credit = false};

// What is taken is told in quarters of the cells and eighths of the ring. The largest frame needs its length, and as much again where a lap
// ends; the ring holds both and what was not told.
constexpr uint64_t tell_cells = ShmSide::cell_count / 4, tell_ring = ShmSide::ring_bytes / 8;
static_assert(2 * shm_limits.frame_bytes + tell_ring <= ShmSide::ring_bytes);
static_assert(shm_limits.eager_bytes <= shm_limits.frame_bytes);

constexpr int frames_a_pull = 64;

struct NonEager {  // what the small bytes of such a frame say
  uint64_t message = 0, offset = 0, bytes = 0;
};
static_assert(sizeof(NonEager) == ShmCell::inline_bytes);

FrameHeader decode(const ShmCell::Words& words) {
  FrameHeader header;
  header.type = static_cast<FrameType>(words.type);
  header.length = words.length;
  header.envelope = {.communicator = words.communicator,
                     .bytes = words.length,
                     .operation = words.operation,
                     .slice = words.slice,
                     .signature = words.signature,
                     .ordinal = words.ordinal,
                     .channel = words.channel,
                     .kind = static_cast<MessageKind>(words.kind)};
  if (header.type != FrameType::eager) {
    NonEager more;
    std::memcpy(&more, words.small, sizeof more);
    header.message = more.message;
    header.offset = more.offset;
    header.envelope.bytes = more.bytes;
  }
  return header;
}

void encode(const FrameHeader& header, ShmCell::Words& words) {
  words.length = header.length;
  words.type = static_cast<uint8_t>(header.type);
  words.kind = static_cast<uint8_t>(header.envelope.kind);
  words.ordinal = header.envelope.ordinal;
  words.communicator = header.envelope.communicator;
  words.operation = header.envelope.operation;
  words.slice = header.envelope.slice;
  words.signature = header.envelope.signature;
  words.channel = header.envelope.channel;
  if (header.type == FrameType::eager) return;
  const NonEager more{.message = header.message, .offset = header.offset, .bytes = header.envelope.bytes};
  std::memcpy(words.small, &more, sizeof more);
}

bool in_cell(FrameType type, uint64_t length) { return length == 0 || (type == FrameType::eager && length <= ShmCell::inline_bytes); }

}  // namespace

ShmWire::ShmWire(Ledger& ledger, PeerIndex peer, const Lane& lane)
    : WireBase(ledger, peer, shm_limits),
      mine_(reinterpret_cast<ShmSide*>(lane.mine)),
      theirs_(reinterpret_cast<const ShmSide*>(lane.theirs)),
      bell_(lane.bell) {
  dialogue.add_lane();
}

bool ShmWire::look_at_taken() {
  const uint64_t cells = theirs_->cells_taken.load(std::memory_order_acquire);
  const uint64_t ring = theirs_->ring_taken.load(std::memory_order_acquire);
  if (cells < seen_taken_ || cells > written_ || ring < seen_ring_taken_ || ring > ring_written_) {
    nonsense_ = true;
    return false;
  }
  seen_taken_ = cells;
  seen_ring_taken_ = ring;
  return true;
}

bool ShmWire::room(uint64_t length) {
  const auto fits = [&] {
    return written_ - seen_taken_ < ShmSide::cell_count &&
           shm_place(ring_written_, length) + length - seen_ring_taken_ <= ShmSide::ring_bytes;
  };
  return fits() || (look_at_taken() && fits());
}

void ShmWire::write(const FrameHeader& header, const std::byte* payload) {
  ShmCell& cell = mine_->cells[written_ % ShmSide::cell_count];
  encode(header, cell.words);
  if (in_cell(header.type, header.length)) {
    if (header.length) std::memcpy(cell.words.small, payload, header.length);
  } else {
    const uint64_t at = shm_place(ring_written_, header.length);
    std::memcpy(mine_->ring + at % ShmSide::ring_bytes, payload, header.length);
    ring_written_ = at + shm_whole_lines(header.length);
  }
  cell.stamp.store(++written_, std::memory_order_release);
}

void ShmWire::send(const Transfer& transfer) {
  FrameHeader header;
  if (dialogue.wants_credit() && !dialogue.acknowledge(theirs_->returned.load(std::memory_order_relaxed))) nonsense_ = true;
  if (alive() && transfer.bytes.size() <= eager_bytes && room(transfer.bytes.size())) {
    if (dialogue.send_at_once(transfer, header)) {
      write(header, transfer.bytes.data());
      dialogue.wrote_at_once(transfer);
      return bell_.ring();
    }
  }
  dialogue.send(transfer);
  if (alive()) push();
}

void ShmWire::push() {
  if (!dialogue.has_output(0)) return;
  Outgoing out;
  bool wrote = false;
  while (dialogue.has_output(0) && room(shm_limits.frame_bytes) && dialogue.next(0, out)) {
    write(out.header, out.payload);
    dialogue.written(out);
    wrote = true;
  }
  if (wrote) bell_.ring();
}

void ShmWire::pull() {
  for (int i = 0; i < frames_a_pull && take_one(); ++i) {}
  if (nonsense_ && alive()) cut_malformed("its counters cannot be");
}

void ShmWire::drain() {  // a dead peer has left no more than its cells hold
  for (size_t i = 0; i < ShmSide::cell_count && take_one(); ++i) {}
}

bool ShmWire::take_one() {
  const ShmCell& cell = theirs_->cells[taken_ % ShmSide::cell_count];
  if (cell.stamp.load(std::memory_order_acquire) != taken_ + 1) {
    if (!theirs_->ended.load(std::memory_order_acquire)) return false;
    if (cell.stamp.load(std::memory_order_acquire) != taken_ + 1) {  // its last frames were written before it ended
      cut(Status(Code::peer, peer_name() + " ended its connection"));
      return false;
    }
  }
  ShmCell::Words words;
  std::memcpy(&words, &cell.words, sizeof words);
  const FrameHeader header = decode(words);
  ++taken_;
  const std::byte* payload = words.small;
  if (!in_cell(header.type, header.length)) {
    if (header.length > shm_limits.frame_bytes) {
      cut_malformed("a payload longer than any");
      return false;
    }
    const uint64_t at = shm_place(ring_taken_, header.length);
    payload = theirs_->ring + at % ShmSide::ring_bytes;
    ring_taken_ = at + shm_whole_lines(header.length);
  }
  return land(header, payload);
}

bool ShmWire::land(const FrameHeader& header, const std::byte* payload) {
  Incoming incoming;
  if (!dialogue.begin(0, header, incoming)) {
    cut_malformed(dialogue.complaint());
    return false;
  }
  if (incoming.target && header.length) std::memcpy(incoming.target, payload, header.length);
  dialogue.end(0, incoming);
  tell_taken();
  return true;
}

void ShmWire::tell_taken() {
  const uint64_t returned = dialogue.returned();
  if (returned - told_returned_ >= shm_limits.credit_bytes / 4) {
    mine_->returned.store(told_returned_ = returned, std::memory_order_relaxed);
  }
  if (taken_ - told_taken_ < tell_cells && ring_taken_ - told_ring_taken_ < tell_ring) return;
  mine_->cells_taken.store(told_taken_ = taken_, std::memory_order_release);
  mine_->ring_taken.store(told_ring_taken_ = ring_taken_, std::memory_order_release);
  bell_.ring();  // it may wait for room
}

void ShmWire::drop_lanes() {
  mine_->ended.store(1, std::memory_order_release);
  bell_.ring();
}

void ShmWire::cut(Status why) {
  drop_lanes();
  dialogue.fail(why.code());
  status = std::move(why);
}

void ShmWire::cut_malformed(const char* complaint) {
  cut(Status(Code::peer, "the shared memory of " + peer_name() + " holds a malformed frame: " + complaint));
}

bool ShmWire::ready() {
  if (theirs_->cells[taken_ % ShmSide::cell_count].stamp.load(std::memory_order_acquire) == taken_ + 1) return true;
  if (theirs_->ended.load(std::memory_order_acquire) || nonsense_) return true;
  return dialogue.has_output(0) && (room(shm_limits.frame_bytes) || nonsense_);
}

}  // namespace hawser
