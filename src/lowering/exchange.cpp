// The table of collectives.
#include "src/lowering/exchange.h"

namespace hawser {
namespace {

//                                  publishes  reads      parts  fold   by_source  length
constexpr Exchange kFoldAll = {Who::all, Who::all, false, true, false, Length::first};
constexpr Exchange kFoldAtRoot = {Who::all, Who::root, false, true, false, Length::first};
constexpr Exchange kFoldParts = {Who::all, Who::all, true, true, false, Length::of_reader};
constexpr Exchange kCollect = {Who::all, Who::all, false, false, true, Length::of_source};
constexpr Exchange kCollectAtRoot = {Who::all, Who::root, false, false, true, Length::of_source};
constexpr Exchange kSpread = {Who::root, Who::all, false, false, false, Length::first};
constexpr Exchange kSpreadParts = {Who::root, Who::all, true, false, false, Length::of_reader};
constexpr Exchange kSwap = {Who::all, Who::all, true, false, true, Length::first};
constexpr Exchange kMeet = {Who::all, Who::all, false, false, false, Length::first};

constexpr Recipe kNone = {};
constexpr Recipe kAllReduce = {{kFoldAll}, 1}, kAllReduceTwoShot = {{kFoldParts, kCollect}, 2};
constexpr Recipe kReduce = {{kFoldAtRoot}, 1}, kReduceTwoShot = {{kFoldParts, kCollectAtRoot}, 2};
constexpr Recipe kBroadcast = {{kSpread}, 1}, kAllGather = {{kCollect}, 1}, kReduceScatter = {{kFoldParts}, 1};
constexpr Recipe kAllToAll = {{kSwap}, 1}, kGather = {{kCollectAtRoot}, 1}, kScatter = {{kSpreadParts}, 1}, kBarrier = {{kMeet}, 1};

}  // namespace

const Recipe& recipe(Collective collective, bool two_shot) {
  switch (collective) {
    case Collective::all_reduce:
      return two_shot ? kAllReduceTwoShot : kAllReduce;
    case Collective::reduce:
      return two_shot ? kReduceTwoShot : kReduce;
    case Collective::broadcast:
      return kBroadcast;
    case Collective::all_gather:
      return kAllGather;
    case Collective::reduce_scatter:
      return kReduceScatter;
    case Collective::all_to_all:
      return kAllToAll;
    case Collective::gather:
      return kGather;
    case Collective::scatter:
      return kScatter;
    case Collective::barrier:
      return kBarrier;
    case Collective::all_to_all_v:
    case Collective::point_to_point:
      return kNone;
  }
  return kNone;
}

}  // namespace hawser
