// What creation makes of ranks that publish one thing and do another.
#include "src/communicator/create.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace hawser
