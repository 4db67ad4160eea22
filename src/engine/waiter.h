// Waiting for a word, a transport or a notice: spin a little, yield a little, then sleep. The only place in the library that waits for
// progress.
//
// How long is spun depends on ranks per CPU, agreed per host: at most one, about 50 us; more, 0.1 us (counted in PAUSEs, whose cost is
// measured once); then some milliseconds of yields (docs/decisions/0005-how-long-to-wait-awake.md). The sleeper pays for the barrier:
// asleep = how, membarrier, look once more, sleep with a limit.
#pragma once
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "src/base/fd.h"
#include "src/base/status.h"
#include "src/engine/seat.h"
#include "transports/cells.h"
#include "transports/transport.h"

namespace hawser {

uint32_t pauses_per_us();        // measured once per process
Status register_for_barriers();  // membarrier(GLOBAL_EXPEDITED); not ok where the kernel refuses: then the sleep limit alone carries
void barrier_for_all();          // what the sleeper pays

// One thread's patience with one wait. Reset whenever something moved.
struct Patience {
  uint32_t rounds = 0;
  uint64_t yields_since_ns = 0;
  void reset() { rounds = 0; }
};

class Waiter {
 public:
  // The context's own bell, the event descriptor peers write, and the seat whose attention also ends a wait.
  Waiter(Bell& bell, int event_fd, Seat& seat);
  void use_bell(Bell& bell) { bell_ = &bell; }  // before anybody waits
  // Asked once more after the bell says asleep: is there anything else that could go on? Of the holder of the seat.
  void set_last_look(bool (*look)(void*), void* of) { last_look_ = look, last_look_of_ = of; }
  void set_ranks_per_cpu(uint32_t x256);  // the most crowded communicator decides; any thread
  // One stage of waiting; returns when the word is reached, when a sleep ended for whatever reason, or when a stage is over.
  void wait(const Wait&, std::span<Transport* const>, Patience&);
  void set_yield_ns(uint64_t most) { yield_ns_ = most; }           // tests make it 0, so that whoever waits sleeps soon
  void set_sleep_limit_ms(int limit) { sleep_limit_ms_ = limit; }  // tests make it long, so that a lost wake-up shows
  bool slept() const { return slept_; }                            // the last wait() slept
  // For who is about to leave the seat with work under way: true if nothing is ready and peers now ring by the event descriptor.
  bool prepare_sleep(std::span<Transport* const>);
  int sleep_fd() const { return epoll_.get(); }  // readable when a prepared sleep should end
  void awake();                                  // peers need not ring any more; drains the event descriptor

 private:
  void sleep(const Wait&, std::span<Transport* const>);
  void watch(std::span<Transport* const>);
  bool something_ready(const Wait&, std::span<Transport* const>);
  Bell* bell_;
  Seat& seat_;
  int event_fd_;
  bool (*last_look_)(void*) = nullptr;
  void* last_look_of_ = nullptr;
  Fd epoll_;
  std::vector<int> watched_;
  std::atomic<uint32_t> spins_;  // only falls; by whoever makes a communicator, while others may wait
  uint64_t yield_ns_ = 4'000'000;
  int sleep_limit_ms_ = 2;  // carries kernels without membarrier, and bounds how late a death is looked at
  bool slept_ = false;
};

}  // namespace hawser
