// The work, and the check of every address that a peer offered.
#include "src/lowering/direct.h"

#include <algorithm>

#include "src/memory/process_copy.h"

namespace hawser {
namespace {

bool lies_in(const MemberView& member, const std::byte* address) {
  const auto at = reinterpret_cast<uintptr_t>(address), base = reinterpret_cast<uintptr_t>(member.segment);
  return member.segment && at >= base && at - base < member.segment_bytes;
}

}  // namespace

DirectRoutine::DirectRoutine(IslandState& island, Ways ways, bool non_temporal, std::unique_ptr<Routine> otherwise)
    : island_(island),
      cells_(island, Scheme{SchemeKind::cells}),
      otherwise_(std::move(otherwise)),
      ways_(ways),
      non_temporal_(non_temporal),
      offers_(island.size) {
  outputs_.reserve(island.size);
}

bool DirectRoutine::goes_unasked() {
  if (unasked_ == 0) return false;
  --unasked_;
  stage_ = Stage::otherwise;
  return true;
}

bool DirectRoutine::run(const PhaseCall& call, std::byte* input, std::byte* output, bool library_buffers) {
  if (goes_unasked()) return otherwise_->run(call, input, output, library_buffers);
  return start_at(call, input, output, library_buffers);
}

void DirectRoutine::start(const PhaseCall& call) {
  if (goes_unasked()) return otherwise_->start(call);
  call_ = call;
  shape_ = shape_of(call, island_.me, island_.size, false, non_temporal_, nullptr);
  reduce_ = reduce_function(call.type, call.op);
  blamed_ = -1;
  stage_ = Stage::offering;
  mine_ = my_offer(call);
  PhaseCall offer;
  offer.collective = Collective::all_gather;
  offer.type = DataType::u8;
  offer.signature = call.signature;
  offer.input = {reinterpret_cast<std::byte*>(&mine_), sizeof mine_, sizeof mine_, 0, sizeof mine_};
  offer.output = {reinterpret_cast<std::byte*>(offers_.data()), sizeof mine_ * offers_.size(), sizeof mine_, 0, sizeof mine_};
  cells_.start(offer);
}

// In place, all-to-all cannot be direct: a peer's block would be overwritten before the peer has read it.
DirectRoutine::Offer DirectRoutine::my_offer(const PhaseCall& call) const {
  const MemberView& me = island_.members[island_.me];
  const Flow& flow = shape_.flows[0];
  const bool swaps_in_place = call.collective == Collective::all_to_all && flow.source == flow.sink;
  Offer offer;
  if (swaps_in_place) return offer;
  offer.input_stride = flow.source_stride;
  offer.output_stride = flow.sink_stride;
  if (ways_.cma && island_.facts.cma_bytes_per_s != 0 && !flow.exchange.fold) {  // the topology may be another machine's
    offer.able |= bit(Way::cma);
    offer.address = reinterpret_cast<uint64_t>(flow.source);
  }
  if (ways_.push && call.library_buffers && (!flow.source || lies_in(me, flow.source)) && (!flow.sink || lies_in(me, flow.sink))) {
    offer.able |= bit(Way::push);
    if (flow.source) offer.input = static_cast<uint64_t>(flow.source - me.segment);
    if (flow.sink) offer.output = static_cast<uint64_t>(flow.sink - me.segment);
  }
  return offer;
}

bool DirectRoutine::all_able(Way way) const {
  return std::all_of(offers_.begin(), offers_.end(), [way](const Offer& offer) { return (offer.able & bit(way)) != 0; });
}

DirectRoutine::Way DirectRoutine::way_of_all() const { return all_able(Way::push) ? Way::push : all_able(Way::cma) ? Way::cma : Way::none; }

Pause DirectRoutine::progress() {
  if (stage_ == Stage::otherwise) return otherwise_->progress();
  const Pause pause = cells_.progress();
  if (pause.code != Code::ok || stage_ == Stage::meeting) return pause;
  way_ = way_of_all();
  if (way_ == Way::none) {
    unasked_ = kUnasked;
    stage_ = Stage::otherwise;
    otherwise_->start(call_);
    return otherwise_->progress();
  }
  const Code code = move();
  if (code != Code::ok) return {code, blamed_, {}};
  return begin_meeting();
}

// Returns only when every peer has left this member's buffers alone for good.
Pause DirectRoutine::begin_meeting() {
  stage_ = Stage::meeting;
  PhaseCall meeting;
  meeting.signature = call_.signature;
  cells_.start(meeting);
  return cells_.progress();
}

Pause DirectRoutine::look_for_mismatch() {
  return stage_ == Stage::otherwise ? otherwise_->look_for_mismatch() : cells_.look_for_mismatch();
}

Code DirectRoutine::move() {
  if (shape_.shots == 0) return Code::unsupported;
  const Exchange& exchange = shape_.flows[0].exchange;
  if (exchange.fold && !reduce_) return Code::unsupported;
  if (exchange.fold) return exchange.parts ? reduce_my_block() : reduce_my_share();
  return way_ == Way::push && exchange.reads == Who::root ? store_at_root() : pull();
}

std::byte* DirectRoutine::checked(uint32_t peer, uint64_t offset, size_t at, size_t bytes) {
  const MemberView& member = island_.members[peer];
  const size_t whole = member.segment_bytes;
  if (offset > whole || at > whole - offset || bytes > whole - offset - at) {
    blamed_ = static_cast<int32_t>(peer);
    return nullptr;
  }
  return member.segment + offset + at;
}

// Own addresses are the call's; a peer's are checked against its segment.
std::byte* DirectRoutine::input_of(uint32_t peer, size_t at, size_t bytes) {
  if (peer == island_.me) return const_cast<std::byte*>(shape_.flows[0].source) + at;
  return checked(peer, offers_[peer].input, at, bytes);
}
std::byte* DirectRoutine::output_of(uint32_t peer, size_t at, size_t bytes) {
  if (peer == island_.me) return shape_.flows[0].sink + at;
  return checked(peer, offers_[peer].output, at, bytes);
}

bool DirectRoutine::collect_inputs(size_t at, size_t bytes) {
  for (uint32_t peer = 0; peer < island_.size; ++peer)
    if (!(island_.inputs[peer] = input_of(peer, at, bytes))) return false;
  return true;
}

// all_reduce, reduce: this member's share of the vector, for every reader. The same bytes of every input are read by this member only, and
// before they are written, so in place is right.
Code DirectRoutine::reduce_my_share() {
  const size_t whole = shape_.lengths.first;
  const size_t share = ((whole + island_.size - 1) / island_.size + line_bytes - 1) / line_bytes * line_bytes;
  const size_t begin = std::min(island_.me * share, whole), bytes = std::min(share, whole - begin);
  if (bytes == 0) return Code::ok;
  if (!collect_inputs(begin, bytes)) return Code::peer;
  outputs_.clear();
  const bool only_root = shape_.flows[0].exchange.reads == Who::root;
  for (uint32_t i = 0; i < island_.size; ++i) {  // one's own first, the next member's then: not all store into the same one at once
    const uint32_t reader = (island_.me + i) % island_.size;
    if (only_root && reader != static_cast<uint32_t>(call_.root)) continue;
    std::byte* output = output_of(reader, begin, bytes);
    if (!output) return Code::peer;
    outputs_.push_back(output);
  }
  reduce_to_all_function(call_.type, call_.op)(outputs_, island_.inputs.data(), island_.size, bytes / size_of(call_.type), call_.divisor,
                                               non_temporal_);
  return Code::ok;
}

// reduce_scatter: block `me` of every input into the own output, which in place is block `me` of the own input, read by nobody else.
Code DirectRoutine::reduce_my_block() {
  const Flow& flow = shape_.flows[0];
  const size_t bytes = shape_.lengths.of(island_.me);
  if (bytes == 0) return Code::ok;
  if (!collect_inputs(island_.me * shape_.lengths.chunk, bytes)) return Code::peer;
  reduce_(flow.sink, island_.inputs.data(), island_.size, bytes / size_of(call_.type), call_.divisor, non_temporal_);
  return Code::ok;
}

// broadcast, scatter, all_gather, all_to_all, and by cma gather: every reader copies what is for it. Sources are not written by anybody: in
// place they are blocks that the owner's own reads leave alone.
Code DirectRoutine::pull() {
  const Flow& flow = shape_.flows[0];
  if (!flow.reads) return Code::ok;
  for (uint32_t i = 0; i < island_.size; ++i) {
    const uint32_t peer = (island_.me + i) % island_.size;
    if (flow.exchange.publishes == Who::root && peer != static_cast<uint32_t>(call_.root)) continue;
    const Length which = flow.exchange.length;
    const size_t bytes = which == Length::first ? shape_.lengths.first : shape_.lengths.of(which == Length::of_source ? peer : island_.me);
    if (bytes == 0) continue;
    std::byte* into = flow.sink + (flow.exchange.by_source ? peer * flow.sink_stride : 0);
    const size_t at = flow.exchange.parts ? island_.me * offers_[peer].input_stride : 0;
    if (peer == island_.me) {
      if (flow.source + at != into) copy_bytes(into, flow.source + at, bytes, non_temporal_);
    } else if (!fetch(peer, into, at, bytes)) {
      blamed_ = static_cast<int32_t>(peer);
      return Code::peer;
    }
  }
  return Code::ok;
}

// bytes from `at` of a peer's input. An address in a process is not checked here: one that the peer made up is its own loss, or fails. The
// kernel copies even inside one process: a peer whose call failed may have given its buffer back.
bool DirectRoutine::fetch(uint32_t peer, std::byte* into, size_t at, size_t bytes) {
  if (way_ == Way::cma) return copy_from_process(island_.members[peer].process, into, offers_[peer].address + at, bytes);
  const std::byte* from = input_of(peer, at, bytes);
  if (from) copy_bytes(into, from, bytes, non_temporal_);
  return from != nullptr;
}

// gather: every member stores its block into the root's output, so that the work is shared.
Code DirectRoutine::store_at_root() {
  const Flow& flow = shape_.flows[0];
  const size_t bytes = shape_.lengths.of(island_.me);
  if (bytes == 0) return Code::ok;
  const auto root = static_cast<uint32_t>(call_.root);
  std::byte* into = output_of(root, island_.me * offers_[root].output_stride, bytes);
  if (!into) return Code::peer;
  if (into != flow.source) copy_bytes(into, flow.source, bytes, non_temporal_);
  return Code::ok;
}

}  // namespace hawser
