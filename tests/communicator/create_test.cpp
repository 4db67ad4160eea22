// What creation makes of ranks that publish one thing and do another.
#include "src/communicator/create.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>

#include "src/agreement/record.h"

namespace hawser {
namespace {

using ::testing::HasSubstr;

// This rank is 0; what rank 1 says is made from what this one says.
class OneOther final : public Exchange {
 public:
  explicit OneOther(std::function<Record(Record)> other) : other_(std::move(other)) {}
  int rank() const override { return 0; }
  int ranks() const override { return 2; }
  Result<std::vector<std::string>> all_gather(std::string_view mine) override {
    if (++rounds != 1) return Status(Code::internal, "there was to be one round only");
    return std::vector<std::string>{std::string(mine), other_(Record::decode(mine).value()).encode()};
  }
  void give_up(const Status& why) override { told = why.text(); }
  int rounds = 0;
  std::string told;

 private:
  const std::function<Record(Record)> other_;
};

// Containers of one machine have its boot id, and unix sockets of their own. Whichever side would have dialled.
TEST(Create, ALocalRankWhoseDoorDoesNotAnswerIsNamedWithTimeToSpare) {
  for (const bool other_dials : {false, true}) {
    SystemClock clock;
    const Config config = Config::read("segment=64MiB", {}).value();
    const std::unique_ptr<Context> context = std::move(Context::create(config, clock)).value();
    OneOther exchange([other_dials](Record record) {
      record.identity = other_dials ? Identity{0, 1} : Identity{UINT64_MAX, UINT64_MAX};
      record.door = "hawser-in-another-namespace";
      record.process += 1;
      return record;
    });
    CreateOptions options;
    options.config = config;
    options.deadline_ns = clock.now_ns() + 2'000'000'000;
    const auto made = create_communicator(*context, exchange, std::array<std::byte, 16>{}, options);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code(), Code::unreachable);
    EXPECT_THAT(made.error().text(), HasSubstr("rank 1"));
    EXPECT_THAT(made.error().text(), HasSubstr("setting host"));
    EXPECT_EQ(exchange.told, made.error().text());
    EXPECT_LT(clock.now_ns(), options.deadline_ns);
  }
}

// Where two ranks that are threads put down what they say, and take it up.
struct Table {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::array<std::string, 2>> rounds;
  std::vector<int> said;
  std::string gave_up;
};

class AtTable final : public Exchange {
 public:
  using Tamper = std::function<void(size_t round, std::string& blob)>;
  AtTable(Table& table, int rank, Tamper tamper) : table_(table), rank_(rank), tamper_(std::move(tamper)) {}
  int rank() const override { return rank_; }
  int ranks() const override { return 2; }
  Result<std::vector<std::string>> all_gather(std::string_view mine) override {
    std::string blob(mine);
    if (tamper_) tamper_(round_, blob);
    std::unique_lock lock(table_.mutex);
    if (table_.rounds.size() <= round_) table_.rounds.emplace_back(), table_.said.push_back(0);
    table_.rounds[round_][static_cast<size_t>(rank_)] = blob;
    ++table_.said[round_];
    table_.changed.notify_all();
    const auto heard = [&] { return table_.said[round_] == 2 || !table_.gave_up.empty(); };
    if (!table_.changed.wait_for(lock, std::chrono::seconds(20), heard)) return Status(Code::timeout, "the other did not come");
    if (table_.said[round_] != 2) return Status(Code::peer, "the other gave up: " + table_.gave_up);
    const auto& both = table_.rounds[round_++];
    return std::vector<std::string>(both.begin(), both.end());
  }
  void give_up(const Status& why) override {
    const std::lock_guard lock(table_.mutex);
    table_.gave_up = why.text();
    table_.changed.notify_all();
  }

 private:
  Table& table_;
  const int rank_;
  const Tamper tamper_;
  size_t round_ = 0;
};

// Two ranks of this process; rank 1 says something else than it means. What rank 0 makes of it, as text; empty: a communicator.
std::string made_with(const AtTable::Tamper& tamper) {
  Table table;
  SystemClock clock;
  std::string outcome[2];
  const auto rank = [&](int me) {
    CreateOptions options;
    options.config = Config::read("segment=64MiB transport=shm", {}).value();
    options.deadline_ns = clock.now_ns() + 20'000'000'000;
    const std::unique_ptr<Context> context = std::move(Context::create(options.config, clock)).value();
    AtTable exchange(table, me, me == 1 ? tamper : AtTable::Tamper());
    const auto made = create_communicator(*context, exchange, std::array<std::byte, 16>{}, options);
    outcome[me] = made.ok() ? "" : made.error().text();
  };
  std::thread other(rank, 1);
  rank(0);
  other.join();
  return outcome[0];
}

AtTable::Tamper area_at(std::function<uint64_t(uint64_t)> moved) {
  return [moved = std::move(moved)](size_t round, std::string& blob) {
    if (round != 1) return;  // records; then where the areas lie
    uint64_t offset = 0;
    std::memcpy(&offset, blob.data(), sizeof offset);
    offset = moved(offset);
    std::memcpy(blob.data(), &offset, sizeof offset);
  };
}

TEST(Create, AreasOutsideTheirSegmentOrAskewAreRefused) {
  EXPECT_EQ(made_with({}), "");
  EXPECT_THAT(made_with(area_at([](uint64_t) { return UINT64_MAX - 4095; })), HasSubstr("outside"));
  EXPECT_THAT(made_with(area_at([](uint64_t) { return (uint64_t{64} << 20) - 4096; })), HasSubstr("outside"));
  EXPECT_THAT(made_with(area_at([](uint64_t offset) { return offset + 8; })), HasSubstr("aligned"));
}

TEST(Create, BlobsThatAreNoneNameTheirRank) {
  for (const size_t bad : {size_t{0}, size_t{1}, size_t{2}})
    for (const char* blob : {"", "abc"}) {
      SCOPED_TRACE(bad);
      EXPECT_THAT(made_with([&](size_t round, std::string& mine) {
                    if (round == bad) mine = blob;
                  }),
                  HasSubstr("rank 1"));
    }
}

}  // namespace
}  // namespace hawser
