// Contexts and communicators: made, split, ended.
#include <cstring>

#include "src/api/arguments.h"
#include "src/api/context_table.h"
#include "src/api/errors.h"
#include "src/api/pending_group.h"
#include "src/base/hash.h"
#include "src/base/log.h"
#include "src/bootstrap/launch.h"
#include "src/bootstrap/messages.h"
#include "src/communicator/create.h"

namespace hawser::api {
namespace {

// One rank alone needs nobody to meet.
class NobodyElse final : public Exchange {
 public:
  int rank() const override { return 0; }
  int ranks() const override { return 1; }
  Result<std::vector<std::string>> all_gather(std::string_view mine) override { return std::vector<std::string>{std::string(mine)}; }
  void give_up(const Status&) override {}
};

struct Creation {
  Config config;
  hawser_comm_options options{};
  std::string name;
  int ranks = 1, rank = 0;
  uint64_t deadline_ns = 0;
  hawser_comm** into = nullptr;
};

Result<Creation> read_creation(const hawser_comm_options* given, hawser_comm** into) {
  if (into == nullptr) return Status(Code::invalid, "the place for the communicator is NULL");
  *into = nullptr;
  Creation creation;
  HAWSER_TRY(read_options(given, creation.options));
  creation.config = HAWSER_TRY(Config::read(creation.options.settings != nullptr ? creation.options.settings : ""));
  set_log_level(creation.config.log);
  creation.name = creation.options.name != nullptr ? creation.options.name : "";
  creation.deadline_ns = ContextTable::instance().clock().now_ns() + creation.config.create_timeout;
  creation.into = into;
  return creation;
}

Status check_place(int ranks, int rank) {
  if (ranks < 1 || ranks > static_cast<int>(rendezvous::kRanksMax))
    return Status(Code::invalid, "ranks must be 1 to " + std::to_string(rendezvous::kRanksMax) + ", is " + std::to_string(ranks));
  if (rank < 0 || rank >= ranks)
    return Status(Code::invalid, "rank " + std::to_string(rank) + " is not one of 0 to " + std::to_string(ranks - 1));
  return {};
}

CreateOptions options_of(const Creation& creation) {
  CreateOptions options;
  options.config = creation.config;
  options.name = creation.name;
  options.timeout_ns = creation.options.timeout_ns;
  options.deadline_ns = creation.deadline_ns;
  return options;
}

CommunicatorKey number_of(const UniqueId& id) {
  return hash(std::string_view(reinterpret_cast<const char*>(id.secret.data()), id.secret.size())) | 1;
}

hawser_comm* wrap(std::unique_ptr<Communicator> made, ContextLease& lease) {
  auto* const comm = new hawser_comm;
  comm->id = lease.id();
  comm->context = lease.keep();
  comm->communicator = std::move(made);
  return comm;
}

Result<std::shared_ptr<ContextLease>> lease(hawser_context* given, const Config& config, CommunicatorKey id) {
  return std::make_shared<ContextLease>(HAWSER_TRY(ContextTable::instance().acquire(given, config, id)), id);
}

// The second half, which blocks: the ranks meet. The context was acquired in the creating thread.
Status meet(const Creation& creation, const UniqueId& id, ContextLease& lease) {
  ContextTable& table = ContextTable::instance();
  const auto create = [&]() -> Result<std::unique_ptr<Communicator>> {
    Context& own = lease.context();
    JoinOptions join_options{creation.ranks, creation.rank, own.identity(), creation.deadline_ns, nullptr};
    const std::unique_ptr<Exchange> exchange = HAWSER_TRY(join(id, creation.config, join_options, table.clock(), own.random()));
    return create_communicator(own, *exchange, id.secret, options_of(creation));
  };
  auto made = create();
  table.wait_for_root(id, creation.deadline_ns);
  if (!made.ok())
    return std::move(made).status().during("creating a communicator as rank " + std::to_string(creation.rank) + " of " +
                                           std::to_string(creation.ranks));
  *creation.into = wrap(std::move(made).value(), lease);
  return {};
}

// As guarded(); what is refused spoils the group that is open.
template <class Body>
hawser_status guarded_in_group(Body&& body) {
  return guarded([&]() -> Status { return PendingGroup::mine().refuse(body()); });
}

// Now, or at the end of the group.
Status create_or_note(Creation creation, const UniqueId& id) {
  const std::shared_ptr<ContextLease> held = HAWSER_TRY(lease(creation.options.context, creation.config, number_of(id)));
  PendingGroup& group = PendingGroup::mine();
  if (!group.open()) return meet(creation, id, *held);
  group.creations.push_back([creation = std::move(creation), id, held] { return meet(creation, id, *held); });
  return {};
}

Status create_alone(const Creation& creation) {
  const std::shared_ptr<ContextLease> held = HAWSER_TRY(lease(creation.options.context, creation.config, 0));
  NobodyElse nobody;
  std::array<std::byte, 16> secret{};
  held->context().random().fill(secret);
  *creation.into = wrap(HAWSER_TRY(create_communicator(held->context(), nobody, secret, options_of(creation))), *held);
  return {};
}

Status finalize(hawser_comm* comm) {
  HAWSER_TRY(check(comm));
  if (PendingGroup::mine().open()) return Status(Code::usage, "finalize within a group; end the group first");
  Communicator& communicator = *comm->communicator;
  Call barrier;
  HAWSER_TRY(communicator.run(barrier).during("finalising " + communicator.name()));
  communicator.under_way().wait_for_none();  // streams: their operations came before the barrier, or end at their own timeout
  comm->accepts.store(hawser_comm::magic_dead, std::memory_order_release);
  return {};
}

}  // namespace
}  // namespace hawser::api

using namespace hawser;       // NOLINT: this is the edge of the library
using namespace hawser::api;  // NOLINT

extern "C" hawser_status hawser_context_create(const hawser_comm_options* options, hawser_context** context) {
  return guarded([&]() -> Status {
    if (context == nullptr) return Status(Code::invalid, "the place for the context is NULL");
    *context = nullptr;
    hawser_comm_options known;
    HAWSER_TRY(read_options(options, known));
    if (known.context != nullptr) return Status(Code::invalid, "hawser_context_create: options.context must be NULL");
    const Config config = HAWSER_TRY(Config::read(known.settings != nullptr ? known.settings : ""));
    set_log_level(config.log);
    *context = HAWSER_TRY(ContextTable::instance().create(config, true));
    return {};
  });
}

extern "C" hawser_status hawser_context_destroy(hawser_context* context) {
  return guarded([&]() -> Status { return context == nullptr ? Status() : ContextTable::instance().destroy(context); });
}

extern "C" hawser_context* hawser_comm_context(hawser_comm* comm) {
  return comm != nullptr && comm->magic == hawser_comm::magic_alive ? comm->context : nullptr;
}

extern "C" hawser_status hawser_id_create(hawser_id* id) {
  return guarded([&]() -> Status {
    if (id == nullptr) return Status(Code::invalid, "id is NULL");
    static_assert(sizeof id->bytes == unique_id_bytes);
    ContextTable& table = ContextTable::instance();
    const Config config = HAWSER_TRY(Config::read(""));
    std::array<std::byte, 16> secret{};
    SystemRandom().fill(secret);
    auto root = HAWSER_TRY(Root::start(config, secret, {}, table.clock()));
    root->id().encode(std::span<std::byte, unique_id_bytes>(reinterpret_cast<std::byte*>(id->bytes), unique_id_bytes));
    table.keep(std::move(root));
    return {};
  });
}

extern "C" hawser_status hawser_comm_create(const hawser_id* id, int ranks, int rank, const hawser_comm_options* options,
                                            hawser_comm** comm) {
  return guarded_in_group([&]() -> Status {
    Creation creation = HAWSER_TRY(read_creation(options, comm));
    HAWSER_TRY(check_place(ranks, rank));
    if (id == nullptr) return Status(Code::invalid, "id is NULL");
    const UniqueId unique = HAWSER_TRY(
        UniqueId::decode(std::span<const std::byte, unique_id_bytes>(reinterpret_cast<const std::byte*>(id->bytes), unique_id_bytes)));
    creation.ranks = ranks;
    creation.rank = rank;
    return create_or_note(std::move(creation), unique);
  });
}

extern "C" hawser_status hawser_comm_create_from_file(const char* path, int ranks, int rank, const hawser_comm_options* options,
                                                      hawser_comm** comm) {
  return guarded_in_group([&]() -> Status {
    Creation creation = HAWSER_TRY(read_creation(options, comm));
    HAWSER_TRY(check_place(ranks, rank));
    if (path == nullptr || path[0] == '\0') return Status(Code::invalid, "path is NULL or empty");
    if (PendingGroup::mine().open()) return Status(Code::usage, "creation from a file cannot be part of a group; use an id");
    creation.ranks = ranks;
    creation.rank = rank;
    ContextTable& table = ContextTable::instance();
    SystemRandom random;
    std::unique_ptr<Root> root;
    const UniqueId id = HAWSER_TRY(meet_by_file(path, rank, creation.config, creation.deadline_ns, table.clock(), random, &root));
    if (root) table.keep(std::move(root));
    return create_or_note(std::move(creation), id);
  });
}

extern "C" hawser_status hawser_comm_create_from_environment(const hawser_comm_options* options, hawser_comm** comm) {
  return guarded_in_group([&]() -> Status {
    Creation creation = HAWSER_TRY(read_creation(options, comm));
    if (PendingGroup::mine().open()) return Status(Code::usage, "creation from the environment cannot be part of a group; use an id");
    const Launch launch = HAWSER_TRY(find_launch(creation.config, &environment_variable));
    creation.ranks = launch.ranks;
    creation.rank = launch.rank;
    if (launch.ranks == 1) return create_alone(creation);
    ContextTable& table = ContextTable::instance();
    SystemRandom random;
    std::unique_ptr<Root> root;
    const UniqueId id =
        HAWSER_TRY(meet_by_environment(launch, creation.config, &environment_variable, creation.deadline_ns, table.clock(), random, &root));
    if (root) table.keep(std::move(root));
    return create_or_note(std::move(creation), id);
  });
}

extern "C" hawser_status hawser_comm_split(hawser_comm* comm, int color, int key, const hawser_comm_options* options, hawser_comm** part) {
  return guarded_in_group([&]() -> Status {
    HAWSER_TRY(check(comm));
    Creation creation = HAWSER_TRY(read_creation(options, part));
    if (PendingGroup::mine().open()) return Status(Code::usage, "split cannot be part of a group");
    CreateOptions split_options = options_of(creation);
    if (creation.options.settings == nullptr) split_options.config = comm->communicator->config();
    if (split_options.timeout_ns == 0) split_options.timeout_ns = comm->communicator->timeout_ns();
    auto made = HAWSER_TRY(split_communicator(*comm->communicator, color, key, split_options));
    if (!made) return {};
    *part = wrap(std::move(made), *HAWSER_TRY(lease(comm->context, creation.config, 0)));
    return {};
  });
}

extern "C" hawser_status hawser_comm_finalize(hawser_comm* comm) {
  return guarded_in_group([&]() -> Status { return finalize(comm); });
}

extern "C" hawser_status hawser_comm_destroy(hawser_comm* comm) {
  return guarded_in_group([&]() -> Status {
    if (comm == nullptr) return {};
    if (comm->magic != hawser_comm::magic_alive) return Status(Code::invalid, "the communicator was destroyed already, or is none");
    if (PendingGroup::mine().open()) return Status(Code::usage, "destroy within a group; end the group first");
    comm->magic = hawser_comm::magic_dead;
    comm->accepts.store(hawser_comm::magic_dead, std::memory_order_release);
    comm->communicator.reset();
    ContextTable::instance().release(comm->context, comm->id);
    delete comm;
    return {};
  });
}

extern "C" hawser_status hawser_comm_abort(hawser_comm* comm) {
  return guarded([&]() -> Status {
    if (comm == nullptr || comm->magic != hawser_comm::magic_alive)
      return Status(Code::invalid, "the communicator is NULL, destroyed, or none");
    comm->communicator->abort();
    return {};
  });
}

extern "C" hawser_status hawser_comm_state(hawser_comm* comm) {
  return guarded([&]() -> Status {
    if (comm == nullptr || comm->magic != hawser_comm::magic_alive)
      return Status(Code::invalid, "the communicator is NULL, destroyed, or none");
    const Failure failure = comm->communicator->membership().failure();
    if (failure.code != Code::ok) return Status(failure.code, failure.story);
    return comm->communicator->under_way().count() > 0 ? Status(Code::in_progress, "operations are under way") : Status();
  });
}

extern "C" int hawser_comm_rank(const hawser_comm* comm) {
  return comm != nullptr && comm->magic == hawser_comm::magic_alive ? comm->communicator->rank() : -1;
}

extern "C" int hawser_comm_ranks(const hawser_comm* comm) {
  return comm != nullptr && comm->magic == hawser_comm::magic_alive ? comm->communicator->ranks() : -1;
}
