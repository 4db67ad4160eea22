// Sends and receives of all plans, sorted by pair, meet in order.
#include "src/plan/matching.h"

#include <algorithm>
#include <tuple>

namespace hawser {
namespace {

struct End {  // one side of a message
  Rank from, to;
  uint8_t channel;
  uint32_t plan, step;
  auto pair() const { return std::tuple(from, to, channel); }
};

bool earlier(const End& a, const End& b) { return std::tuple(a.pair(), a.step) < std::tuple(b.pair(), b.step); }

std::vector<End> ends(std::span<const Plan* const> plans, std::span<const Rank> ranks, StepKind kind) {
  std::vector<End> found;
  for (uint32_t i = 0; i < plans.size(); ++i)
    for (uint32_t j = 0; j < plans[i]->steps.size(); ++j) {
      const Step& step = plans[i]->steps[j];
      if (step.kind != kind) continue;
      const bool sends = kind == StepKind::send;
      found.push_back({sends ? ranks[i] : step.peer, sends ? step.peer : ranks[i], step.channel, i, j});
    }
  std::sort(found.begin(), found.end(), earlier);
  return found;
}

}  // namespace

std::vector<std::vector<Meeting>> match(std::span<const Plan* const> plans, std::span<const Rank> ranks) {
  std::vector<std::vector<Meeting>> meetings(plans.size());
  for (size_t i = 0; i < plans.size(); ++i) meetings[i].resize(plans[i]->steps.size());
  const std::vector<End> sends = ends(plans, ranks, StepKind::send), receives = ends(plans, ranks, StepKind::recv);
  const auto number = [&](const std::vector<End>& all, size_t i) {
    const bool same = i > 0 && all[i - 1].pair() == all[i].pair();
    meetings[all[i].plan][all[i].step].ordinal = same ? meetings[all[i - 1].plan][all[i - 1].step].ordinal + 1 : 0;
    return meetings[all[i].plan][all[i].step].ordinal;
  };
  for (size_t i = 0; i < sends.size(); ++i) number(sends, i);
  for (size_t i = 0; i < receives.size(); ++i) number(receives, i);
  const auto key = [&](const End& end) { return std::tuple(end.pair(), meetings[end.plan][end.step].ordinal); };
  for (size_t i = 0, j = 0; i < sends.size() && j < receives.size();) {
    const End &send = sends[i], &receive = receives[j];
    if (key(send) == key(receive)) {
      Meeting &there = meetings[send.plan][send.step], &back = meetings[receive.plan][receive.step];
      there.peer = receive.plan, there.step = receive.step;
      back.peer = send.plan, back.step = send.step;
      ++i, ++j;
    } else {
      key(send) < key(receive) ? ++i : ++j;
    }
  }
  return meetings;
}

}  // namespace hawser
