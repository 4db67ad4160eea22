// Copies out of another process: what lies there comes, what does not is refused.
#include "src/memory/process_copy.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace hawser {
namespace {

class ProcessCopy : public ::testing::Test {
 protected:
  // The child keeps what it had when it was made; the parent's copy changes.
  void SetUp() override {
    there_.resize(3'000'000);
    std::iota(there_.begin(), there_.end(), 0u);
    guarded_ = ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(guarded_, MAP_FAILED);
    ASSERT_EQ(::mprotect(static_cast<std::byte*>(guarded_) + 4096, 4096, PROT_NONE), 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::pause();
      ::_exit(0);
    }
    std::fill(there_.begin(), there_.end(), 7u);
    here_.resize(there_.size());
  }
  void TearDown() override {
    ::kill(child_, SIGKILL);
    EXPECT_EQ(::waitpid(child_, nullptr, 0), child_);
    ::munmap(guarded_, 8192);
  }
  uint64_t address(size_t element = 0) const { return reinterpret_cast<uint64_t>(there_.data() + element); }
  std::vector<uint32_t> there_, here_;
  void* guarded_ = nullptr;  // two pages, of which the second cannot be read
  pid_t child_ = -1;
};

TEST_F(ProcessCopy, BringsWhatLiesThere) {
  ASSERT_TRUE(copy_from_process(child_, here_.data(), address(), here_.size() * 4));
  for (size_t i = 0; i < here_.size(); ++i) ASSERT_EQ(here_[i], i);
  ASSERT_TRUE(copy_from_process(child_, here_.data(), address(1000), 4));
  EXPECT_EQ(here_[0], 1000u);
  EXPECT_EQ(here_[1], 1u) << "no more was written than asked for";
}

TEST_F(ProcessCopy, NothingIsNothing) { EXPECT_TRUE(copy_from_process(child_, nullptr, 0, 0)); }

TEST_F(ProcessCopy, MemoryThatIsNotThereIsRefused) {
  EXPECT_FALSE(copy_from_process(child_, here_.data(), 64, 4));
  EXPECT_FALSE(copy_from_process(child_, here_.data(), UINT64_MAX - 100, 64));
  EXPECT_FALSE(copy_from_process(child_, here_.data(), reinterpret_cast<uint64_t>(guarded_) + 4096 - 64, 128)) << "the last part only";
  EXPECT_TRUE(copy_from_process(child_, here_.data(), reinterpret_cast<uint64_t>(guarded_) + 4096 - 64, 64));
}

TEST_F(ProcessCopy, AProcessThatIsNotThereIsRefused) { EXPECT_FALSE(copy_from_process(0x7ffffff0, here_.data(), address(), 4)); }

}  // namespace
}  // namespace hawser
