// The clock: nodes that start, messages from station to station, routines that wait for their members.
#include "src/plan/simulate.h"

#include <algorithm>
#include <deque>
#include <map>
#include <queue>
#include <string>
#include <tuple>
#include <utility>

#include "src/plan/frontier.h"
#include "src/plan/lengths.h"
#include "src/plan/matching.h"
#include "src/plan/script.h"

namespace hawser {
namespace {

struct Queue {  // what leaves a station, in order: only the first is in the heap
  struct Leaving {
    int64_t at;
    uint32_t message;
  };
  std::deque<Leaving> leaving;
  int64_t free_at = 0;
};

struct Message {
  const Path* path = nullptr;
  uint32_t station = 0;  // index in the path of the one it comes to next
  int64_t tail_at = 0;   // when its last byte arrives there at the earliest
  uint64_t bytes = 0;
  uint32_t sender = 0, receiver = 0;  // walks
  uint32_t send = 0, receive = 0;     // nodes
};

struct Walk {  // one rank, one slot of its window
  Frontier frontier;
  std::vector<uint64_t> started;  // by node: 1 + the slice in which it started last
  uint64_t slice = 0;
};

struct Event {
  int64_t at;
  // Of equal times: what is under way first, then messages that begin, by slice and the sender's node, so that a rank sends in the order of
  // its program whichever of its peers is counted first; then whatever was made first. The same result everywhere.
  uint64_t turn, number;
  enum class Kind : uint8_t { begin, arrive, deliver, complete } kind;
  uint32_t what, node;  // arrive: station; begin, deliver: message; complete: walk, node
  friend bool operator>(const Event& a, const Event& b) { return std::tie(a.at, a.turn, a.number) > std::tie(b.at, b.turn, b.number); }
};

struct Gathering {                                     // members of an island that reached a routine
  std::vector<std::pair<uint32_t, uint32_t>> arrived;  // walk, node
};

class Simulator {
 public:
  Simulator(const Topology& topology, std::span<const Plan> plans, const Request& request, const SimulationOptions& options)
      : topology_(topology), plans_(plans), request_(request), options_(options), network_(topology) {}
  Result<Simulation> run();

 private:
  uint32_t rank_of(uint32_t walk) const { return walk / options_.window; }
  uint32_t walk_of(uint32_t rank, uint64_t slice) const { return rank * options_.window + static_cast<uint32_t>(slice % options_.window); }
  std::vector<bool> replaced(const Plan&) const;
  void prepare();
  void start(uint32_t walk, uint64_t slice);
  void start_ready(uint32_t walk);
  void start_node(uint32_t walk, uint32_t node);
  void start_transfer(uint32_t walk, uint32_t node, const Step&, uint64_t bytes);
  void start_local(uint32_t walk, uint32_t node, uint64_t bytes);
  void reach_routine(uint32_t walk, uint32_t node, uint32_t phase);
  Request phase_request(uint32_t rank, const Phase&, uint64_t slice) const;
  void arrive(uint32_t station);
  void pass(uint32_t message, int64_t now);
  void leave(uint32_t station, uint32_t message, int64_t at);
  void complete(uint32_t walk, uint32_t node);
  void at(int64_t time, Event::Kind kind, uint32_t what, uint32_t node) { events_.push({time, 0, ++made_, kind, what, node}); }
  Queue& queue(uint32_t station);
  Simulation::Busy& busy(uint32_t station);
  Status stuck() const;

  const Topology& topology_;
  std::span<const Plan> plans_;
  const Request& request_;
  const SimulationOptions& options_;
  Network network_;
  std::vector<Script> scripts_;
  std::vector<Lengths> lengths_;
  std::vector<std::vector<Meeting>> meetings_;
  std::vector<Walk> walks_;
  uint64_t slices_ = 1;
  std::vector<Queue> queues_;
  std::vector<Simulation::Busy> busy_;
  std::vector<Message> messages_;
  std::vector<uint32_t> spare_;                                          // messages that arrived
  std::map<std::tuple<int, uint64_t, uint32_t>, Gathering> gatherings_;  // by island, slice and phase
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  uint64_t made_ = 0, unfinished_ = 0;
  int64_t now_ = 0;
  Simulation result_;
};

std::vector<bool> Simulator::replaced(const Plan& plan) const {
  std::vector<bool> result(plan.phases.size(), false);
  for (size_t i = 0; i < plan.phases.size() && i < options_.schemes.size(); ++i) {
    const auto& members = plan.groups[plan.phases[i].group];
    result[i] = members.size() > 1 && std::all_of(members.begin(), members.end(), [&](Rank member) {
                  return topology_.island_of(member) == topology_.island_of(members.front());
                });
  }
  return result;
}

void Simulator::prepare() {
  std::vector<const Plan*> plans;
  std::vector<Rank> ranks;
  for (size_t rank = 0; rank < plans_.size(); ++rank) {
    plans.push_back(&plans_[rank]);
    ranks.push_back(static_cast<Rank>(rank));
    scripts_.push_back(script(plans_[rank], replaced(plans_[rank])));
    lengths_.emplace_back(plans_[rank], request_, options_.slice_bytes);
    slices_ = std::max(slices_, lengths_.back().slices());
  }
  meetings_ = match(plans, ranks);
  walks_.resize(plans_.size() * options_.window);
  result_.finish_ps.assign(plans_.size(), 0);
  for (const Script& one : scripts_) unfinished_ += one.nodes.empty() ? 0 : slices_;
}

Result<Simulation> Simulator::run() {
  prepare();
  for (uint32_t rank = 0; rank < plans_.size(); ++rank)
    for (uint64_t slice = 0; slice < slices_ && slice < options_.window && !scripts_[rank].nodes.empty(); ++slice)
      start(walk_of(rank, slice), slice);
  while (!events_.empty()) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    switch (event.kind) {
      case Event::Kind::arrive:
        arrive(event.what);
        break;
      case Event::Kind::begin:
      case Event::Kind::deliver:
        pass(event.what, now_);
        break;
      case Event::Kind::complete:
        complete(event.what, event.node);
        break;
    }
  }
  if (unfinished_ > 0) return stuck();
  result_.picoseconds = *std::max_element(result_.finish_ps.begin(), result_.finish_ps.end());
  for (Simulation::Busy& one : busy_)
    if (one.picoseconds > 0) result_.stations.push_back(one);
  std::stable_sort(result_.stations.begin(), result_.stations.end(),
                   [](const Simulation::Busy& a, const Simulation::Busy& b) { return a.picoseconds > b.picoseconds; });
  return std::move(result_);
}

void Simulator::start(uint32_t number, uint64_t slice) {
  const Script& program = scripts_[rank_of(number)];
  Walk& walk = walks_[number];
  walk.slice = slice;
  walk.frontier.start(program.waits, program.edge_begin, program.edges);
  walk.started.resize(program.nodes.size(), 0);
  start_ready(number);
}

void Simulator::start_ready(uint32_t walk) {
  Frontier& frontier = walks_[walk].frontier;
  for (uint32_t node = frontier.ready(); node != Frontier::kNone; node = frontier.ready()) {
    frontier.take(node);
    start_node(walk, node);
  }
}

void Simulator::start_node(uint32_t number, uint32_t node) {
  const uint32_t rank = rank_of(number);
  Walk& walk = walks_[number];
  walk.started[node] = walk.slice + 1;
  const Script::Node what = scripts_[rank].nodes[node];
  if (what.routine) return reach_routine(number, node, what.index);
  const Step& step = plans_[rank].steps[what.index];
  const uint64_t bytes = lengths_[rank].of(step, walk.slice);
  if (bytes == 0) return at(now_, Event::Kind::complete, number, node);
  if (step.kind == StepKind::send || step.kind == StepKind::recv) return start_transfer(number, node, step, bytes);
  start_local(number, node, bytes);
}

void Simulator::start_transfer(uint32_t number, uint32_t node, const Step& step, uint64_t bytes) {
  const uint32_t rank = rank_of(number);
  const uint64_t slice = walks_[number].slice;
  const Meeting& meeting = meetings_[rank][scripts_[rank].nodes[node].index];
  if (meeting.peer == Meeting::kNobody) return;
  const uint32_t peer = walk_of(meeting.peer, slice), peer_node = scripts_[meeting.peer].node_of[meeting.step];
  if (walks_[peer].started.size() <= peer_node || walks_[peer].started[peer_node] != slice + 1) return;
  const bool sends = step.kind == StepKind::send;
  const uint32_t sender = sends ? number : peer, receiver = sends ? peer : number;
  uint32_t message = static_cast<uint32_t>(messages_.size());
  if (spare_.empty()) messages_.emplace_back();
  else message = spare_.back(), spare_.pop_back();
  const Path& path = network_.path(static_cast<Rank>(rank_of(sender)), static_cast<Rank>(rank_of(receiver)));
  messages_[message] = {&path, 0, now_, bytes, sender, receiver, sends ? node : peer_node, sends ? peer_node : node};
  ++result_.messages;
  events_.push({now_, 1 + (slice << 32 | messages_[message].send), ++made_, Event::Kind::begin, message, 0});
}

void Simulator::start_local(uint32_t walk, uint32_t node, uint64_t bytes) {
  const uint32_t station = network_.copying(static_cast<Rank>(rank_of(walk)));
  Queue& line = queue(station);
  const int64_t takes = transfer_ps(bytes, network_.stations()[station].femtoseconds_per_byte);
  line.free_at = std::max(line.free_at, now_) + takes;
  busy(station).picoseconds += takes;
  busy(station).bytes += bytes;
  at(line.free_at, Event::Kind::complete, walk, node);
}

Request Simulator::phase_request(uint32_t rank, const Phase& phase, uint64_t slice) const {
  Request request = request_;
  request.collective = phase.collective;
  const uint64_t members = plans_[rank].groups[phase.group].size();
  const uint64_t input = lengths_[rank].of(phase.input, slice), output = lengths_[rank].of(phase.output, slice);
  uint64_t bytes = std::max(input, output);
  switch (phase.collective) {
    case Collective::all_gather:
    case Collective::gather:
      bytes = input;
      break;
    case Collective::reduce_scatter:
    case Collective::scatter:
      bytes = output;
      break;
    case Collective::all_to_all:
      bytes = input / members;
      break;
    case Collective::barrier:
      bytes = 0;
      break;
    default:
      break;
  }
  request.count = bytes / size_of(request.type);
  return request;
}

// A routine begins when its last member is there and the island is done with the one before; then all leave together.
void Simulator::reach_routine(uint32_t number, uint32_t node, uint32_t index) {
  const uint32_t rank = rank_of(number);
  const Phase& phase = plans_[rank].phases[index];
  const int island = topology_.island_of(static_cast<Rank>(rank));
  const auto members = static_cast<uint32_t>(plans_[rank].groups[phase.group].size());
  const auto key = std::tuple(island, walks_[number].slice, index);
  Gathering& gathering = gatherings_[key];
  gathering.arrived.push_back({number, node});
  if (gathering.arrived.size() < members) return;
  const uint32_t station = network_.island(island);
  const Request request = phase_request(rank, phase, walks_[number].slice);
  const int64_t takes = scheme_cost(topology_.island_facts(island), members, request, options_.schemes[index]);
  Queue& line = queue(station);
  line.free_at = std::max(line.free_at, now_) + takes;
  busy(station).picoseconds += takes;
  busy(station).bytes += request.bytes();
  for (const auto& [walk, at_node] : gathering.arrived) at(line.free_at, Event::Kind::complete, walk, at_node);
  gatherings_.erase(key);
}

Queue& Simulator::queue(uint32_t station) {
  if (station >= queues_.size()) queues_.resize(network_.stations().size());
  return queues_[station];
}

Simulation::Busy& Simulator::busy(uint32_t station) {
  while (busy_.size() <= station) busy_.push_back({network_.stations()[busy_.size()]});
  return busy_[station];
}

void Simulator::arrive(uint32_t station) {
  Queue& from = queues_[station];
  const uint32_t message = from.leaving.front().message;
  from.leaving.pop_front();
  if (!from.leaving.empty()) at(from.leaving.front().at, Event::Kind::arrive, station, 0);
  pass(message, now_);
}

// Messages come to a station in the order of time, so who comes is served as soon as those before are through.
void Simulator::pass(uint32_t number, int64_t now) {
  Message& message = messages_[number];
  const std::vector<uint32_t>& way = message.path->stations;
  const uint32_t station = way[message.station];
  const Station& what = network_.stations()[station];
  const bool first = message.station == 0, last = message.station + 1 == way.size();
  Queue& line = queue(station);
  const int64_t begin = std::max(now, line.free_at);
  const int64_t takes = first || last ? message.path->overhead_ps : transfer_ps(message.bytes, what.femtoseconds_per_byte);
  line.free_at = begin + takes;
  busy(station).picoseconds += takes;
  busy(station).bytes += message.bytes;
  message.tail_at = std::max(begin + takes, message.tail_at) + (first || last ? 0 : what.latency_ps);
  ++message.station;
  if (last) {
    at(message.tail_at, Event::Kind::complete, message.receiver, message.receive);
    spare_.push_back(number);
    return;
  }
  if (message.station == 2) at(line.free_at, Event::Kind::complete, message.sender, message.send);  // its last byte has left the rank
  const bool at_the_end = message.station + 1 == way.size();
  if (at_the_end) return at(message.tail_at, Event::Kind::deliver, number, 0);  // tails need not come in the order of heads
  leave(station, number, first ? message.tail_at : begin + what.latency_ps);
}

void Simulator::leave(uint32_t station, uint32_t message, int64_t time) {
  Queue& line = queue(station);
  line.leaving.push_back({time, message});
  if (line.leaving.size() == 1) at(time, Event::Kind::arrive, station, 0);
}

void Simulator::complete(uint32_t number, uint32_t node) {
  Walk& walk = walks_[number];
  walk.frontier.complete(node);
  if (!walk.frontier.done()) return start_ready(number);
  result_.finish_ps[rank_of(number)] = std::max(result_.finish_ps[rank_of(number)], now_);
  --unfinished_;
  if (walk.slice + options_.window < slices_) start(number, walk.slice + options_.window);
}

Status Simulator::stuck() const {
  for (uint32_t i = 0; i < walks_.size(); ++i)
    if (walks_[i].frontier.size() > 0 && !walks_[i].frontier.done())
      return Status(Code::invalid, "rank " + std::to_string(rank_of(i)) + " stuck after " + std::to_string(walks_[i].frontier.completed()) +
                                       " of " + std::to_string(walks_[i].frontier.size()) + " steps of slice " +
                                       std::to_string(walks_[i].slice) + "; check() says why");
  return Status(Code::invalid, "stuck before anything started");
}

}  // namespace

Result<Simulation> simulate(const Topology& topology, std::span<const Plan> plans, const Request& request,
                            const SimulationOptions& options) {
  if (plans.empty() || plans.size() != static_cast<size_t>(topology.ranks()))
    return Status(Code::invalid,
                  "simulate: " + std::to_string(plans.size()) + " plans for a topology of " + std::to_string(topology.ranks()) + " ranks");
  if (options.window == 0) return Status(Code::invalid, "simulate: a window of zero slices");
  return Simulator(topology, plans, request, options).run();
}

Result<Simulation> simulate(const Topology& topology, const std::function<Plan(Rank)>& make, const Request& request,
                            const SimulationOptions& options) {
  std::vector<Plan> plans;
  for (Rank rank = 0; rank < topology.ranks(); ++rank) plans.push_back(make(rank));
  return simulate(topology, plans, request, options);
}

}  // namespace hawser
