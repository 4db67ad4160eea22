// The network: when a frame arrives, in what order events happen, and who dies at which.
#include "transports/sim/network.h"

#include <algorithm>

namespace hawser {

SimNetwork::SimNetwork(uint32_t ranks, uint64_t seed, const SimOptions& options)
    : options_(options), random_(seed), directions_(static_cast<size_t>(ranks) * ranks), alive_(ranks, true) {}

uint64_t SimNetwork::arrival(Direction& direction, uint64_t bytes) {
  uint64_t leaves = std::max(clock_.now_ns(), direction.busy_until_ns);
  if (options_.bytes_a_us) leaves += bytes * 1000 / options_.bytes_a_us;
  if (random_.next() % 1000 < options_.silences_per_mille) leaves += options_.silence_ns;
  direction.busy_until_ns = leaves;
  uint64_t at = leaves + options_.delay_ns_min + random_.next() % (options_.delay_ns_max - options_.delay_ns_min + 1);
  if (!options_.overtaking) at = std::max(at, direction.last_arrival_ns);
  direction.last_arrival_ns = std::max(direction.last_arrival_ns, at);
  return at;
}

void SimNetwork::schedule(Event event) {
  event.order = scheduled_++;
  events_to_come_.push_back(std::move(event));
  std::push_heap(events_to_come_.begin(), events_to_come_.end(), later);
}

void SimNetwork::send(uint32_t from, uint32_t to, const FrameHeader& header, const std::byte* payload) {
  if (!alive_[from]) return;
  Direction& way = direction(from, to);
  Event event{.from = from, .to = to};
  event.at_ns = arrival(way, sizeof header + header.length);
  event.frame.header = header;
  event.frame.payload.assign(payload, payload + header.length);
  ++way.under_way;
  schedule(std::move(event));
}

void SimNetwork::end(uint32_t from, uint32_t to) {
  Direction& way = direction(from, to);
  Event event{.from = from, .to = to, .end = true};
  event.at_ns = std::max(arrival(way, 0), way.last_arrival_ns);  // behind all that was said
  schedule(std::move(event));
}

void SimNetwork::kill(uint32_t rank) {
  if (!alive_[rank]) return;
  alive_[rank] = false;
  if (!options_.deaths_end_connections) return;
  for (uint32_t other = 0; other < ranks(); ++other) {
    if (other != rank) end(rank, other);
  }
}

bool SimNetwork::step() {
  if (options_.dying_rank >= 0 && events_ == options_.dies_at_event) kill(static_cast<uint32_t>(options_.dying_rank));
  if (events_to_come_.empty()) return false;
  std::pop_heap(events_to_come_.begin(), events_to_come_.end(), later);
  Event event = std::move(events_to_come_.back());
  events_to_come_.pop_back();
  if (event.at_ns > clock_.now_ns()) clock_.advance(event.at_ns - clock_.now_ns());
  happen(event);
  ++events_;
  return true;
}

void SimNetwork::happen(Event& event) {
  Direction& way = direction(event.from, event.to);
  if (event.end) {
    way.ended = true;
    return;
  }
  if (events_ == options_.garbage_at_event) spoil(event.frame.header);
  way.arrived.push() = std::move(event.frame);
}

void SimNetwork::spoil(FrameHeader& header) {
  header.magic ^= static_cast<uint32_t>(random_.next()) | 1;  // whatever else changes, this cannot pass
  random_.fill(std::as_writable_bytes(std::span(&header.message, 1)));
}

}  // namespace hawser
