// Segments: what is carved is zero, apart from everything else, and seen by peers; what a peer sends is checked before it is mapped.
#include "src/memory/segment.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "src/base/random.h"
#include "src/memory/layout.h"

namespace hawser {
namespace {

constexpr Identity kOwner{7, 9};
constexpr size_t kMiB = size_t{1} << 20;

std::unique_ptr<Segment> segment_of(size_t bytes) {
  auto made = Segment::create(kOwner, bytes);
  EXPECT_TRUE(made.ok()) << made.error().text();
  return std::move(made).value();
}

Fd copy_of(int fd) { return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

size_t pages_in_use(int fd) {
  struct stat status {};
  EXPECT_EQ(::fstat(fd, &status), 0);
  return static_cast<size_t>(status.st_blocks) * 512 / kPageBytes;
}

bool all_zero(const std::byte* at, size_t bytes) {
  return std::all_of(at, at + bytes, [](std::byte value) { return value == std::byte{0}; });
}

TEST(Segment, of_zero_bytes_is_half_of_the_machine) {
  const auto segment = segment_of(0);
  const auto memory = static_cast<size_t>(::sysconf(_SC_PHYS_PAGES)) * kPageBytes;
  EXPECT_GT(segment->bytes(), memory / 2 - kMiB);
  EXPECT_LE(segment->bytes(), memory / 2 + kPageBytes);
  EXPECT_LE(pages_in_use(segment->fd()), 1u);  // address space, not memory
}

TEST(Segment, that_no_machine_can_have_is_an_error) {
  EXPECT_EQ(Segment::create(kOwner, ~size_t{0}).error().code(), Code::invalid);
  EXPECT_EQ(Segment::create(kOwner, size_t{1} << 47).error().code(), Code::invalid);
}

TEST(Segment, carves_zeroed_pages_and_gives_them_back) {
  const auto segment = segment_of(8 * kMiB);
  std::byte* first = segment->carve(kMiB).value();
  EXPECT_TRUE(all_zero(first, kMiB));
  EXPECT_EQ(pages_in_use(segment->fd()), 1 + kMiB / kPageBytes);
  std::memset(first, 0xab, kMiB);
  segment->free(first);
  segment->free(nullptr);
  EXPECT_EQ(pages_in_use(segment->fd()), 1u);
  std::byte* again = segment->carve(kMiB).value();
  EXPECT_EQ(again, first);
  EXPECT_TRUE(all_zero(again, kMiB));
}

TEST(Segment, aligns) {
  const auto segment = segment_of(8 * kMiB);
  for (const size_t alignment : {size_t{64}, kPageBytes, size_t{65536}, kMiB}) {
    const auto carved = segment->carve(100, alignment);
    ASSERT_TRUE(carved.ok());
    EXPECT_EQ(segment->offset(carved.value()) % alignment, 0u);
  }
}

TEST(Segment, says_what_is_left_when_full) {
  const auto segment = segment_of(kMiB);
  EXPECT_EQ(segment->carve(2 * kMiB).error().code(), Code::memory);
  EXPECT_EQ(segment->carve(~size_t{0}).error().code(), Code::memory);
  const auto most = segment->carve(kMiB - kPageBytes);
  ASSERT_TRUE(most.ok());
  const auto none = segment->carve(1);
  EXPECT_EQ(none.error().code(), Code::memory);
  EXPECT_NE(none.error().text().find("0 of 1048576 bytes are left"), std::string::npos) << none.error().text();
  EXPECT_NE(none.error().text().find("segment"), std::string::npos);
}

TEST(Segment, knows_what_lies_in_it) {
  const auto segment = segment_of(kMiB);
  EXPECT_TRUE(segment->contains(segment->base(), kMiB));
  EXPECT_TRUE(segment->contains(segment->base() + 10, kMiB - 10));
  EXPECT_FALSE(segment->contains(segment->base() + 10, kMiB));
  EXPECT_FALSE(segment->contains(segment->base() - 1, 1));
  EXPECT_FALSE(segment->contains(segment->base() + 1, ~size_t{0}));
  EXPECT_FALSE(segment->contains(&segment, sizeof segment));
}

TEST(Segment, can_be_carved_by_many_threads) {
  const auto segment = segment_of(64 * kMiB);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread)
    threads.emplace_back([&segment, thread] {
      for (int i = 0; i < 100; ++i) {
        std::byte* mine = segment->carve(5000).value();
        EXPECT_TRUE(all_zero(mine, 5000));
        std::memset(mine, thread + 1, 5000);
        EXPECT_EQ(mine[4999], static_cast<std::byte>(thread + 1));
        segment->free(mine);
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(pages_in_use(segment->fd()), 1u);
}

// The model is a byte per page: who has it. Fails if two carvings overlap, if one is not zero, or if room is lost by not coalescing.
TEST(Segment, random_carving_agrees_with_a_model) {
  constexpr uint64_t kSeed = 20240501;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  SeededRandom random(kSeed);
  constexpr size_t kPages = 256;
  const auto segment = segment_of((kPages + 1) * kPageBytes);
  std::vector<int> owner(kPages, 0);
  struct Carved {
    std::byte* at;
    size_t bytes;
    int who;
  };
  std::vector<Carved> carved;
  const auto pages_of = [&](const Carved& one) {
    const size_t first = segment->offset(one.at) / kPageBytes - 1;
    return std::pair(first, first + round_up(one.bytes, kPageBytes) / kPageBytes);
  };
  for (int step = 1; step <= 3000; ++step) {
    if (carved.empty() || random.next() % 5 < 3) {
      const size_t bytes = 1 + random.next() % (random.next() % 8 == 0 ? 60 * kPageBytes : 4 * kPageBytes);
      const auto made = segment->carve(bytes);
      size_t longest = 0, run = 0;
      for (const int who : owner) longest = std::max(longest, run = who ? 0 : run + 1);
      ASSERT_EQ(made.ok(), longest >= round_up(bytes, kPageBytes) / kPageBytes) << "step " << step;
      if (!made.ok()) continue;
      const Carved one{made.value(), bytes, step};
      ASSERT_TRUE(all_zero(one.at, bytes)) << "step " << step;
      std::memset(one.at, 0x5a, bytes);
      for (auto [page, end] = pages_of(one); page < end; ++page) {
        ASSERT_EQ(owner[page], 0) << "step " << step;
        owner[page] = step;
      }
      carved.push_back(one);
    } else {
      std::swap(carved[random.next() % carved.size()], carved.back());
      for (auto [page, end] = pages_of(carved.back()); page < end; ++page) owner[page] = 0;
      segment->free(carved.back().at);
      carved.pop_back();
    }
    const auto used = static_cast<size_t>(std::count_if(owner.begin(), owner.end(), [](int who) { return who != 0; }));
    ASSERT_EQ(pages_in_use(segment->fd()), used + 1);
  }
}

TEST(MappedSegment, sees_what_the_owner_writes_and_the_reverse) {
  const auto segment = segment_of(kMiB);
  std::byte* mine = segment->carve(kPageBytes).value();
  const auto mapped = MappedSegment::map(copy_of(segment->fd()), kOwner);
  ASSERT_TRUE(mapped.ok()) << mapped.error().text();
  std::byte* theirs = mapped.value()->at(segment->offset(mine), kPageBytes).value();
  EXPECT_NE(theirs, mine);
  mine[17] = std::byte{42};
  EXPECT_EQ(theirs[17], std::byte{42});
  theirs[18] = std::byte{43};
  EXPECT_EQ(mine[18], std::byte{43});
  mapped.value()->bell().rung.store(5);
  EXPECT_EQ(segment->bell().rung.load(), 5u);
}

TEST(MappedSegment, checks_offsets) {
  const auto segment = segment_of(kMiB);
  const auto mapped = MappedSegment::map(copy_of(segment->fd()), kOwner);
  ASSERT_TRUE(mapped.ok());
  EXPECT_TRUE(mapped.value()->at(0, kMiB).ok());
  EXPECT_TRUE(mapped.value()->at(kMiB, 0).ok());
  EXPECT_EQ(mapped.value()->at(1, kMiB).error().code(), Code::refused);
  EXPECT_EQ(mapped.value()->at(kMiB + 1, 0).error().code(), Code::refused);
  EXPECT_EQ(mapped.value()->at(~uint64_t{0}, 8).error().code(), Code::refused);
  EXPECT_EQ(mapped.value()->at(8, ~size_t{0}).error().code(), Code::refused);
}

std::string refusal(Fd fd, const Identity& owner = kOwner) {
  const auto mapped = MappedSegment::map(std::move(fd), owner);
  EXPECT_FALSE(mapped.ok());
  EXPECT_EQ(mapped.error().code(), Code::refused);
  return mapped.error().text();
}

// A memfd as a hostile peer would make it.
Fd memfd_with(const SegmentHeader& header, size_t bytes, int seals) {
  Fd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(bytes)), 0);
  const size_t head = std::min(bytes, sizeof header);
  EXPECT_EQ(::pwrite(fd.get(), &header, head, 0), static_cast<ssize_t>(head));
  EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
  return fd;
}

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

TEST(MappedSegment, refuses_what_is_no_sealed_memfd) {
  const SegmentHeader good{kSegmentMagic, kSegmentVersion, kMiB, 0, kOwner, {}};
  EXPECT_TRUE(MappedSegment::map(memfd_with(good, kMiB, kSeals), kOwner).ok());  // so the others fail for the reason they name
  EXPECT_NE(refusal(memfd_with(good, kMiB, 0)).find("not sealed"), std::string::npos);
  EXPECT_NE(refusal(memfd_with(good, kMiB, F_SEAL_GROW | F_SEAL_SEAL)).find("not sealed"), std::string::npos);
  EXPECT_NE(refusal(memfd_with(good, kMiB, kSeals | F_SEAL_WRITE)).find("writing"), std::string::npos);
  EXPECT_NE(refusal(Fd(::open("/dev/null", O_RDWR | O_CLOEXEC))).find("no memfd"), std::string::npos);
  EXPECT_NE(refusal(Fd()).find("no memfd"), std::string::npos);
}

TEST(MappedSegment, refuses_hostile_sizes_and_headers) {
  const SegmentHeader good{kSegmentMagic, kSegmentVersion, kMiB, 0, kOwner, {}};
  EXPECT_NE(refusal(memfd_with(good, 0, kSeals)).find("size"), std::string::npos);
  EXPECT_NE(refusal(memfd_with(good, kPageBytes, kSeals)).find("size"), std::string::npos);
  EXPECT_NE(refusal(memfd_with(good, kMiB - 1, kSeals)).find("size"), std::string::npos);
  EXPECT_NE(refusal(memfd_with(good, kMiB / 2, kSeals)).find("header says"), std::string::npos);
  EXPECT_NE(refusal(memfd_with(good, 2 * kMiB, kSeals)).find("header says"), std::string::npos);
  EXPECT_NE(refusal(memfd_with({1, kSegmentVersion, kMiB, 0, kOwner, {}}, kMiB, kSeals)).find("magic"), std::string::npos);
  EXPECT_NE(refusal(memfd_with({kSegmentMagic, 99, kMiB, 0, kOwner, {}}, kMiB, kSeals)).find("version 99"), std::string::npos);
  EXPECT_NE(refusal(memfd_with({}, kMiB, kSeals)).find("magic"), std::string::npos);
  EXPECT_NE(refusal(memfd_with(good, kMiB, kSeals), {7, 8}).find("belongs to"), std::string::npos);
}

TEST(MappedSegment, of_many_gigabytes_is_fine) {
  const auto segment = segment_of(size_t{64} << 30);
  EXPECT_TRUE(MappedSegment::map(copy_of(segment->fd()), kOwner).ok());
}

}  // namespace
}  // namespace hawser
