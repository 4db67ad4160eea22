// Making an island of threads, and driving its routines.
#include "tests/lowering/world.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace hawser {

World::World(uint32_t members, size_t buffer_bytes) : seats_(members) {
  for (uint32_t me = 0; me < members; ++me) {
    Seat& seat = seats_[me];
    seat.segment = Segment::create({1, me}, island_area_bytes(members) + 2 * buffer_bytes + (1 << 20)).value();
    seat.area = seat.segment->carve(island_area_bytes(members)).value();
    seat.input = seat.segment->carve(buffer_bytes).value();
    seat.output = seat.segment->carve(buffer_bytes).value();
  }
  for (uint32_t me = 0; me < members; ++me) {
    Seat& seat = seats_[me];
    for (uint32_t peer = 0; peer < members; ++peer) {
      const Segment& theirs = *seats_[peer].segment;
      if (peer == me) {
        seat.members.push_back({seat.area, theirs.base(), theirs.bytes(), {}, static_cast<int32_t>(::getpid())});
        continue;
      }
      seat.peers.push_back(MappedSegment::map(Fd(::fcntl(theirs.fd(), F_DUPFD_CLOEXEC, 0)), {1, peer}).value());
      MappedSegment& mapped = *seat.peers.back();
      std::byte* area = mapped.at(theirs.offset(seats_[peer].area), island_area_bytes(members)).value();
      seat.members.push_back({area, mapped.base(), mapped.bytes(), PeerBell{&mapped.bell(), -1}, static_cast<int32_t>(::getpid())});
    }
    IslandFacts facts;
    facts.cma_bytes_per_s = 1'000'000'000;  // allowed
    seat.island = std::make_unique<Island>(me, seat.members, facts);
  }
}

void World::run(const std::function<void(uint32_t)>& body) {
  std::vector<std::thread> threads;
  for (uint32_t me = 0; me < size(); ++me) threads.emplace_back(body, me);
  for (std::thread& thread : threads) thread.join();
}

Pause finish(Routine& routine) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (true) {
    const Pause pause = routine.progress();
    if (pause.code != Code::in_progress) return pause;
    for (uint32_t spins = 0; pause.wait.word && !pause.wait.reached(); ++spins) {
      if (spins % 16 == 0) std::this_thread::yield();
      if (spins % 4096 == 0 && std::chrono::steady_clock::now() > deadline) return {Code::timeout, pause.peer, pause.wait};
    }
  }
}

}  // namespace hawser
