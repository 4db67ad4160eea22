// The one engine of cells, flag and bounce: runs the exchanges of a call over a ring, piece by piece, and never waits.
//
// A call of one exchange publishes piece j, then takes piece j-1 of every peer. A call of two (two-shot) runs both in one pipeline: in
// round i it publishes piece i of the first, takes piece i-1 of the first, publishes piece i-1 of the second (what it just folded), takes
// piece i-2 of the second. Every member goes through the same moves in the same order, whatever its role in them, so both counters of a
// ring advance equally everywhere.
//
// Reuse of slots. A chunk may be written when every peer has consumed what lay in its place. Having taken chunk c of a peer tells that
// this peer had taken chunk c - lag when it published c, where lag is 2 (3 with two exchanges) by the order above: in collectives where
// everyone publishes and everyone takes, acknowledgements are hardly ever read. Otherwise `consumed` of the peers is read, once what is
// known says that the ring is full. Nobody waits in a circle: a ring holds at least 3 chunks of any length, so that what lies in the place
// of a chunk was taken before that chunk is published, in the common order of moves, and every wait is for an earlier move.
//
// In place. The bytes of an output that piece j of a take overwrites are never needed later:
//   all_reduce, reduce: the same piece of the own input, read by that very fold; later publishes read later pieces.
//   all_gather, gather: blocks of peers, which the input (block `me`) does not touch; the own block is where it belongs.
//   reduce_scatter: block `me` of the input, never published; the fold reads it before it writes.
//   all_to_all: piece j of every peer's block, published before (publish j comes before take j).
//   scatter: only the root's own block, which is where it belongs. broadcast: the root takes nothing.
//   two-shot: the fold writes part `me`, which the first exchange does not publish; the second exchange takes piece j of the parts of peers
//   after piece j+1 of the first was published, whose bytes are other pieces.
#pragma once
#include <bit>

#include "src/device/reduce.h"
#include "src/lowering/flow.h"
#include "src/lowering/island_state.h"

namespace hawser {

template <class Ring>
class StagedRoutine final : public Routine {
 public:
  StagedRoutine(IslandState& island, const Scheme& scheme)
      : island_(island), ring_(island, scheme.chunk_bytes), two_shot_(scheme.two_shot), non_temporal_(scheme.non_temporal) {}

  void start(const PhaseCall& call) override {
    if (mode_ == Mode::single && alike(call, last_)) move_to(call);  // the usual call: the same as before, elsewhere
    else prepare(call);
    const bool known = at_once_ && call.serial != 0 && call.input.offset == 0 && call.output.offset == 0;
    known_serial_ = known ? call.serial : kNoSerial;
    begin(call.signature);
  }

  Pause progress() override { return mode_ == Mode::single ? run_single() : run_pipeline(); }

  bool run(const PhaseCall& call, std::byte* input, std::byte* output, bool library_buffers) override {
    if (call.serial != known_serial_) [[unlikely]]
      return start_at(call, input, output, library_buffers);
    shape_.flows[0].source = input;
    shape_.flows[0].sink = output;
    begin(call.signature);
    return exchange_at_once();
  }

  Pause look_for_mismatch() override { return island_.find_mismatch(signature_); }

 private:
  // single: one exchange of one piece. Of these, those can be run at once in which everyone publishes one item, equally long for all, and
  // everyone folds them (or they are empty, as those of a barrier).
  enum class Mode : uint8_t { pipeline, single };
  static constexpr uint64_t kNoSerial = UINT64_MAX;
  static bool equal_for_all(const Flow& flow, size_t bytes) {
    return flow.publishes && flow.takes_from_all && !flow.exchange.parts && flow.exchange.length == Length::first &&
           flow.exchange.fold == (bytes != 0);
  }

  void begin(uint32_t signature) {
    signature_ = signature;
    sent_ = false;
    cursor_ = 0;
    island_.begin_call(signature);
  }
  void prepare(const PhaseCall& call) {
    shape_ = shape_of(call, island_.me, island_.size, two_shot_, non_temporal_, island_.partial.get());
    last_ = call;
    root_ = static_cast<uint32_t>(call.root);
    element_shift_ = static_cast<uint32_t>(std::countr_zero(size_of(call.type)));
    reduce_ = reduce_function(call.type, call.op);
    failed_ = shape_.shots == 0 || (shape_.flows[0].exchange.fold && !reduce_);
    piece_bytes_ = ring_.piece_bytes(shape_.lengths.longest, shape_.parts);
    pieces_ = shape_.lengths.longest <= piece_bytes_ ? 1 : (shape_.lengths.longest + piece_bytes_ - 1) / piece_bytes_;
    mode_ = failed_ || shape_.shots > 1 || pieces_ > 1 ? Mode::pipeline : Mode::single;
    at_once_ = mode_ == Mode::single && equal_for_all(shape_.flows[0], shape_.lengths.first);
    elements_ = shape_.lengths.first >> element_shift_;
    round_ = move_ = 0;
  }
  void move_to(const PhaseCall& call) {
    Flow& flow = shape_.flows[0];
    flow.source = call.input.base ? call.input.base + (call.input.offset << element_shift_) : nullptr;
    flow.sink = call.output.base ? call.output.base + (call.output.offset << element_shift_) : nullptr;
  }

  [[gnu::noinline]] Pause run_pipeline() {
    if (failed_) return {Code::unsupported, -1, {}};
    const size_t rounds = pieces_ + shape_.shots;
    const uint32_t moves = 2 * shape_.shots;
    for (; round_ < rounds; ++round_) {
      for (; move_ < moves; ++move_) {
        const uint32_t shot = move_ >> 1, taking = move_ & 1;
        const size_t piece = round_ - shot - taking;  // before the first one: beyond the last
        if (piece >= pieces_) continue;
        const Flow& flow = shape_.flows[shot];
        if (!(taking ? take<Mode::pipeline>(flow, piece) : publish<Mode::pipeline>(flow, piece))) return pause_;
      }
      move_ = 0;
    }
    return {Code::ok, -1, {}};
  }

  // A call of one exchange and one piece, as small messages are: the same two moves without the pipeline's bookkeeping.
  [[gnu::noinline]] Pause run_single() {
    const Flow& flow = shape_.flows[0];
    if (!sent_) {
      if (at_once_ && exchange_at_once()) return {Code::ok, -1, {}};
      if (!sent_ && !publish<Mode::single>(flow, 0)) return pause_;
      sent_ = true;
    }
    if (!take<Mode::single>(flow, 0)) return pause_;
    return {Code::ok, -1, {}};
  }

  // Both moves in one straight line, for when everyone is on time; the shortest way of the whole library. False: not everyone is, or
  // something is wrong. run_single() finds out which and goes on from there: what was taken so far is taken again.
  bool exchange_at_once() {
    const Flow& flow = shape_.flows[0];
    IslandState& island = island_;
    RingCounters& counters = ring_.counters();
    const uint64_t chunk = counters.published;
    const auto place = ring_.next_place(chunk, false);
    const uint32_t tag = tag_of(chunk), me = island.me, size = island.size;
    if (ring_.needed(place, tag) > counters.credit) [[unlikely]]
      return false;
    const size_t bytes = shape_.lengths.first;
    const std::byte* const source = flow.source;
    const void** const inputs = island.inputs.data();
    ring_.write(place, 0, source, bytes, tag);
    ring_.announce(place, tag);
    ring_.settle(place, tag);
    counters.published = chunk + 1;
    if (!Ring::short_items) island.ring_all();
    ring_.prepare_next(place, tag, false);
    inputs[me] = source;
    for (const uint32_t peer : island.others) {
      auto item = ring_.item(peer, place, 0);
      Wait wait;
      if (!item.arrived(chunk, bytes, wait) || !item.fits(chunk, tag)) [[unlikely]]
        return stay_sent();
      inputs[peer] = ring_.data(item, peer, bytes);
    }
    if (flow.exchange.fold) reduce_(flow.sink, inputs, size, elements_, last_.divisor, flow.stream);
    finish_taking(chunk, true, 1);
    return true;
  }
  [[gnu::noinline]] bool stay_sent() {
    sent_ = true;
    if (Ring::short_items) island_.ring_all();
    return false;
  }

  uint32_t tag_of(uint64_t chunk) const { return signature_ + static_cast<uint32_t>(chunk); }

  // How much of piece `piece` the item from source to reader has.
  template <Mode kMode>
  size_t bytes_of(const Flow& flow, uint32_t source, uint32_t reader, size_t piece) const {
    const Length which = flow.exchange.length;
    const size_t item = which == Length::first       ? shape_.lengths.first
                        : which == Length::of_source ? shape_.lengths.of(source)
                                                     : shape_.lengths.of(reader);
    if (kMode == Mode::single) return item;
    const size_t begin = piece * piece_bytes_;
    return item > begin ? std::min(item - begin, piece_bytes_) : 0;
  }
  template <Mode kMode>
  const std::byte* source_at(const Flow& flow, uint32_t block, size_t piece) const {
    return flow.source + block * flow.source_stride + (kMode == Mode::pipeline && flow.source_moves ? piece * piece_bytes_ : 0);
  }
  template <Mode kMode>
  std::byte* sink_at(const Flow& flow, uint32_t block, size_t piece) const {
    return flow.sink + block * flow.sink_stride + (kMode == Mode::pipeline && flow.sink_moves ? piece * piece_bytes_ : 0);
  }

  template <Mode kMode>
  bool publish(const Flow& flow, size_t piece) {
    RingCounters& counters = ring_.counters();
    const uint64_t chunk = counters.published;
    const bool parts = flow.exchange.parts;
    const auto place = ring_.next_place(chunk, parts);
    const uint32_t tag = tag_of(chunk);
    if (flow.publishes) {
      const uint64_t needed = ring_.needed(place, tag);
      if (needed > counters.credit && !collect_credit(needed)) return false;
      if (parts) {
        for (const uint32_t reader : island_.others)
          ring_.write(place, reader, source_at<kMode>(flow, reader, piece), bytes_of<kMode>(flow, island_.me, reader, piece), tag);
      } else {
        ring_.write(place, 0, source_at<kMode>(flow, 0, piece), bytes_of<kMode>(flow, island_.me, 0, piece), tag);
      }
      ring_.announce(place, tag);
      island_.ring_all();
    }
    ring_.settle(place, tag);
    counters.published = chunk + 1;
    if (flow.publishes) ring_.prepare_next(place, tag, parts);
    return true;
  }

  // The ring is full as far as is known: look again at what the peers have consumed.
  bool collect_credit(uint64_t needed) {
    RingCounters& counters = ring_.counters();
    uint64_t least = UINT64_MAX;
    for (uint32_t peer = 0; peer < island_.size; ++peer) {
      if (peer == island_.me) continue;
      const std::atomic<uint64_t>& consumed = ring_.consumed(peer);
      const uint64_t seen = consumed.load(std::memory_order_acquire);
      if (seen < needed) return wait_for(peer, {&consumed, needed});
      least = std::min(least, seen);
    }
    counters.credit = least;
    return true;
  }

  template <Mode kMode>
  bool take(const Flow& flow, size_t piece) {
    const uint64_t chunk = ring_.counters().taken;
    if (flow.reads) {
      if (flow.exchange.publishes == Who::all ? !receive_all<kMode>(flow, piece, chunk) : !receive_from_root<kMode>(flow, piece, chunk))
        return false;
      if (flow.exchange.fold) fold<kMode>(flow, piece);
      else keep_own<kMode>(flow, piece);
    }
    finish_taking(chunk, flow.takes_from_all, shape_.shots);
    return true;
  }

  void finish_taking(uint64_t chunk, bool from_all, uint32_t shots) {
    RingCounters& counters = ring_.counters();
    counters.taken = chunk + 1;
    const uint64_t lag = 1 + shots;
    if (from_all && chunk >= lag) counters.credit = std::max(counters.credit, ring_.end_of(chunk - lag));
    ring_.consume(ring_.end_of(chunk));
    island_.ring_all();
  }

  template <Mode kMode>
  bool receive_all(const Flow& flow, size_t piece, uint64_t chunk) {
    for (; cursor_ + 1 < island_.size; ++cursor_) {  // from the next member on, so that not all read the same one at once
      uint32_t peer = island_.me + 1 + cursor_;
      if (peer >= island_.size) peer -= island_.size;
      if (!receive<kMode>(flow, peer, piece, chunk)) return false;
    }
    cursor_ = 0;
    return true;
  }

  template <Mode kMode>
  bool receive_from_root(const Flow& flow, size_t piece, uint64_t chunk) {
    return root_ == island_.me || receive<kMode>(flow, root_, piece, chunk);
  }

  template <Mode kMode>
  bool receive(const Flow& flow, uint32_t peer, size_t piece, uint64_t chunk) {
    const uint32_t part = flow.exchange.parts ? island_.me : 0;
    const size_t bytes = bytes_of<kMode>(flow, peer, island_.me, piece);
    auto item = ring_.item(peer, ring_.place(chunk), part);
    Wait wait;
    if (!item.arrived(chunk, bytes, wait)) return wait_for(peer, wait);
    if (!item.fits(chunk, tag_of(chunk))) return differs(peer);
    const std::byte* data = ring_.data(item, peer, bytes);
    if (flow.exchange.fold) island_.inputs[peer] = data;
    else if (bytes) copy_bytes(sink_at<kMode>(flow, flow.exchange.by_source ? peer : 0, piece), data, bytes, flow.stream);
    return true;
  }

  template <Mode kMode>
  void fold(const Flow& flow, size_t piece) {
    const size_t bytes = bytes_of<kMode>(flow, island_.me, island_.me, piece);
    if (!bytes) return;
    island_.inputs[island_.me] = source_at<kMode>(flow, flow.exchange.parts ? island_.me : 0, piece);
    reduce_(sink_at<kMode>(flow, 0, piece), island_.inputs.data(), island_.size, bytes >> element_shift_, last_.divisor, flow.stream);
  }

  // What this member has for itself, unless it lies there already.
  template <Mode kMode>
  void keep_own(const Flow& flow, size_t piece) {
    if (flow.exchange.publishes == Who::root && root_ != island_.me) return;
    const size_t bytes = bytes_of<kMode>(flow, island_.me, island_.me, piece);
    const std::byte* from = source_at<kMode>(flow, flow.exchange.parts ? island_.me : 0, piece);
    std::byte* into = sink_at<kMode>(flow, flow.exchange.by_source ? island_.me : 0, piece);
    if (bytes && from != into) copy_bytes(into, from, bytes, flow.stream);
  }

  bool wait_for(uint32_t peer, const Wait& wait) {
    pause_ = {Code::in_progress, static_cast<int32_t>(peer), wait};
    return false;
  }
  bool differs(uint32_t peer) {
    pause_ = {Code::mismatch, static_cast<int32_t>(peer), {}};
    return false;
  }

  IslandState& island_;
  Ring ring_;
  const bool two_shot_, non_temporal_;
  // of the call under way, and kept for the next one if that is alike
  PhaseCall last_;
  CallShape shape_;
  ReduceFunction reduce_ = nullptr;
  uint32_t signature_ = 0, element_shift_ = 0, root_ = 0;
  bool failed_ = false;
  Mode mode_ = Mode::pipeline;
  bool sent_ = false;                  // unless pipeline: published
  bool at_once_ = false;               // single, and exchange_at_once() may run it
  uint64_t known_serial_ = kNoSerial;  // of calls that run() may run at once
  size_t elements_ = 0;                // of an item, at once
  size_t piece_bytes_ = 0, pieces_ = 0;
  size_t round_ = 0;     // where in the common order of moves
  uint32_t move_ = 0;    // in the round
  uint32_t cursor_ = 0;  // in the peers of a take
  Pause pause_;
};

}  // namespace hawser
