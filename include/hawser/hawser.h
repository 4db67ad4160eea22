/* Hawser: collective communication across links that are unlike. The public C API (C99).
 *
 * (1) Every function that can fail returns a hawser_status; hawser_error_text() tells the story of this thread's last failure,
 *     hawser_comm_error() that of a communicator.
 * (2) Structs begin with their own size so that they can grow: set `size` to sizeof the struct and zero the rest. Zero in a field means
 *     the default; a size larger than this library knows is accepted only if the unknown tail is zero.
 * (3) Any thread may call. Operations of one communicator take their order at entry, and every rank must call the same operations in the
 *     same order. Abort, state, error and explain may be called at any time, also while another thread is inside an operation.
 * (4) The last two arguments of an operation say where it runs and how: a hawser_stream, and a hawser_call that may be NULL.
 *     HAWSER_BLOCK returns when the result is there; on a host stream the call returns at once and the work happens in stream order.
 * (5) Buffers belong to the caller and must stay valid, and untouched, until the operation is done. Counts are elements, not bytes.
 *     In place: all_reduce and reduce in == out; broadcast in == out at the root; all_gather in == out + rank*count; reduce_scatter
 *     out == in + rank*count; all_to_all in == out. Any other overlap is HAWSER_INVALID.
 */
#ifndef HAWSER_H
#define HAWSER_H
#include <stddef.h>
#include <stdint.h>

#define HAWSER_VERSION_MAJOR 0
#define HAWSER_VERSION_MINOR 1
#define HAWSER_VERSION_PATCH 0

#if defined(__GNUC__)
#define HAWSER_API __attribute__((visibility("default")))
#else
#define HAWSER_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a call came to. Numbers are frozen; unknown values may appear in newer libraries. */
typedef int32_t hawser_status;
enum {
  HAWSER_OK = 0,
  HAWSER_IN_PROGRESS = 1,
  HAWSER_INVALID = -1,     /* an argument is wrong by itself */
  HAWSER_USAGE = -2,       /* the call is wrong here: order, group, finalised communicator */
  HAWSER_UNSUPPORTED = -3, /* this build or this machine cannot */
  HAWSER_UNREACHABLE = -4, /* no way to a rank */
  HAWSER_TIMEOUT = -5,     /* a deadline passed; the text says who was waited for */
  HAWSER_ABORTED = -6,     /* hawser_comm_abort was called, here or on another rank */
  HAWSER_PEER = -7,        /* a peer died or failed */
  HAWSER_MISMATCH = -8,    /* ranks called different things */
  HAWSER_TRUNCATED = -9,   /* a message was longer than its receive */
  HAWSER_MEMORY = -10,
  HAWSER_DEVICE = -11,
  HAWSER_SYSTEM = -12,  /* the operating system refused something */
  HAWSER_REFUSED = -13, /* authentication failed */
  HAWSER_INTERNAL = -14
};

/* Element types. */
typedef int32_t hawser_type;
enum {
  HAWSER_I8 = 0,
  HAWSER_U8 = 1,
  HAWSER_I32 = 2,
  HAWSER_U32 = 3,
  HAWSER_I64 = 4,
  HAWSER_U64 = 5,
  HAWSER_F16 = 6,
  HAWSER_BF16 = 7,
  HAWSER_F32 = 8,
  HAWSER_F64 = 9,
  HAWSER_F8E4M3 = 10,
  HAWSER_F8E5M2 = 11 /* the last two move, but do not reduce, on the host */
};

/* Reductions. AVG divides the sum by the number of ranks (integers truncate towards zero). 16-bit floats accumulate in f32 within a step.
 */
typedef int32_t hawser_op;
enum { HAWSER_SUM = 0, HAWSER_PROD = 1, HAWSER_MIN = 2, HAWSER_MAX = 3, HAWSER_AVG = 4 };

/* Where an operation runs. By value; all zero: block until done. */
enum { HAWSER_BLOCK = 0, HAWSER_HOST_STREAM = 1, HAWSER_CUDA_STREAM = 2 };
typedef struct {
  void* handle;
  int32_t kind;
  int32_t device;
} hawser_stream;

typedef struct hawser_context hawser_context;
typedef struct hawser_comm hawser_comm;
typedef struct hawser_event hawser_event;

/* What ranks need to find each other: addresses and a 128-bit secret. Send its bytes to every rank by any means that is private to them. */
typedef struct {
  unsigned char bytes[128];
} hawser_id;

typedef struct {
  size_t size;
  hawser_context* context; /* NULL: the creating thread's own */
  int32_t device;          /* only 0 (none) for now */
  uint32_t flags;          /* none yet; must be 0 */
  uint64_t timeout_ns;     /* of every operation; 0: the setting "timeout" */
  const char* name;        /* for messages; copied */
  const char* settings;    /* "name=value name=value"; `hawser-info --settings` lists them. Wins over the environment */
} hawser_comm_options;

typedef struct {
  size_t size;
  uint64_t flags;      /* none yet; must be 0 */
  uint64_t timeout_ns; /* of this operation; 0: the communicator's */
  const char* name;    /* for messages; read before the call returns */
} hawser_call;

/* Library version as major*10000 + minor*100 + patch. */
HAWSER_API int hawser_version(void);
/* A constant English name of a status ("timeout"); never NULL. */
HAWSER_API const char* hawser_status_name(hawser_status);
/* The story of this thread's last failed call; "" if none. Valid until this thread's next failing call. */
HAWSER_API const char* hawser_error_text(void);

/* --- Contexts -----------------------------------------------------------------------------------------------------------------------
 * A context is one rank's seat in a process: its connections, its shared memory, its engine thread. Communicators of one context share
 * them. By default each creating thread has one; two ranks of one communicator never share one. */

/* Makes a context of one's own. options may be NULL. Destroy it after the communicators, streams and memory made with it. */
HAWSER_API hawser_status hawser_context_create(const hawser_comm_options* options, hawser_context** context);
/* HAWSER_USAGE while communicators, streams or memory of it are alive. NULL is fine. */
HAWSER_API hawser_status hawser_context_destroy(hawser_context* context);
/* The context of a communicator; NULL for NULL. */
HAWSER_API hawser_context* hawser_comm_context(hawser_comm* comm);

/* --- Creation and end of communicators ----------------------------------------------------------------------------------------------
 * Creation is collective over the ranks and blocks until all are there (setting create_timeout). Between hawser_group_begin and
 * hawser_group_end it is only noted, and happens at the outermost group_end together with the others of that group: so one thread can
 * create several ranks. The handle is written when creation succeeded; on failure it is NULL and the status and text say why. */

/* Makes the id on one rank, and starts there, in a thread of this process, the meeting point at which the ranks will find each other; it
 * ends by itself once all have met, or after create_timeout. One id serves one communicator. */
HAWSER_API hawser_status hawser_id_create(hawser_id* id);
/* ranks >= 1, 0 <= rank < ranks. options may be NULL. */
HAWSER_API hawser_status hawser_comm_create(const hawser_id* id, int ranks, int rank, const hawser_comm_options* options,
                                            hawser_comm** comm);
/* Ranks meet through a file all of them can see; it must not exist before, and rank 0 removes it after. */
HAWSER_API hawser_status hawser_comm_create_from_file(const char* path, int ranks, int rank, const hawser_comm_options* options,
                                                      hawser_comm** comm);
/* From HAWSER_RANK, HAWSER_RANKS and HAWSER_ID, HAWSER_FILE or HAWSER_ROOT; else from torchrun's RANK, WORLD_SIZE, MASTER_ADDR,
 * MASTER_PORT; else from Open MPI's launcher (PMIx). One rank alone when none of these is set. */
HAWSER_API hawser_status hawser_comm_create_from_environment(const hawser_comm_options* options, hawser_comm** comm);
/* Collective over comm. Ranks with equal color form a new communicator, ordered by key, then by old rank. color < 0: *part becomes NULL. */
HAWSER_API hawser_status hawser_comm_split(hawser_comm* comm, int color, int key, const hawser_comm_options* options, hawser_comm** part);
/* Completes everything under way and refuses further operations (HAWSER_USAGE). Collective. */
HAWSER_API hawser_status hawser_comm_finalize(hawser_comm* comm);
/* Frees the communicator, after finalize or abort or instead of finalize; unfinished operations of it fail with HAWSER_ABORTED. Other
 * threads must not be inside calls on it. NULL is fine. */
HAWSER_API hawser_status hawser_comm_destroy(hawser_comm* comm);
/* From any thread, never blocks: operations under way return HAWSER_ABORTED on every rank, and later ones are refused. Destroy is still
 * needed. */
HAWSER_API hawser_status hawser_comm_abort(hawser_comm* comm);
/* HAWSER_OK, HAWSER_IN_PROGRESS (operations under way on streams), or the error that ended the communicator. */
HAWSER_API hawser_status hawser_comm_state(hawser_comm* comm);
HAWSER_API int hawser_comm_rank(const hawser_comm* comm);  /* -1 for NULL */
HAWSER_API int hawser_comm_ranks(const hawser_comm* comm); /* -1 for NULL */

/* --- Operations ---------------------------------------------------------------------------------------------------------------------- */

/* out[i] = op over ranks of in[i]; count elements in both. */
HAWSER_API hawser_status hawser_all_reduce(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type, hawser_op op,
                                           hawser_stream stream, const hawser_call* call);
/* As all_reduce, the result at root only; out may be NULL elsewhere. */
HAWSER_API hawser_status hawser_reduce(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type, hawser_op op, int root,
                                       hawser_stream stream, const hawser_call* call);
/* out on every rank = in of root; in may be NULL elsewhere. */
HAWSER_API hawser_status hawser_broadcast(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type, int root,
                                          hawser_stream stream, const hawser_call* call);
/* out[r*count .. ) = in of rank r; out holds ranks*count elements. */
HAWSER_API hawser_status hawser_all_gather(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type,
                                           hawser_stream stream, const hawser_call* call);
/* out[i] = op over ranks of in[rank*count + i]; in holds ranks*count elements. */
HAWSER_API hawser_status hawser_reduce_scatter(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type, hawser_op op,
                                               hawser_stream stream, const hawser_call* call);
/* out[r*count .. ) = in[rank*count .. ) of rank r; both hold ranks*count elements. */
HAWSER_API hawser_status hawser_all_to_all(hawser_comm* comm, const void* in, void* out, size_t count, hawser_type type,
                                           hawser_stream stream, const hawser_call* call);

/* One side of all_to_all_v: how many elements go to (come from) each rank, and where they lie. Arrays of `ranks` entries, copied before
 * the call returns. A receive count is a capacity: fewer may come, which `live` tells. */
typedef struct {
  size_t size;
  const uint64_t* counts;
  const uint64_t* offsets; /* in elements; NULL: packed one after the other */
  uint64_t capacity;       /* elements the buffer holds, checked against counts and offsets; 0: not checked */
  uint64_t* live;          /* may be NULL: elements that came from each rank; written when the operation is done */
} hawser_counts;
/* There is no in-place form: from their begin to their last element in and out must not overlap. */
HAWSER_API hawser_status hawser_all_to_all_v(hawser_comm* comm, const void* in, const hawser_counts* in_counts, void* out,
                                             const hawser_counts* out_counts, hawser_type type, hawser_stream stream,
                                             const hawser_call* call);

/* Nobody returns before everybody has entered. */
HAWSER_API hawser_status hawser_barrier(hawser_comm* comm, hawser_stream stream, const hawser_call* call);
/* The k-th send of a pair meets its k-th receive, whatever groups either side uses. To self only within a group. 0 elements is a message.
 * A receive may get fewer elements than count; a longer message is HAWSER_TRUNCATED. A blocking send may wait for its receive. */
HAWSER_API hawser_status hawser_send(hawser_comm* comm, const void* in, size_t count, hawser_type type, int peer, hawser_stream stream,
                                     const hawser_call* call);
HAWSER_API hawser_status hawser_recv(hawser_comm* comm, void* out, size_t count, hawser_type type, int peer, hawser_stream stream,
                                     const hawser_call* call);

/* Operations (and creations) between begin and end are submitted together at the outermost end, which returns when all those with
 * HAWSER_BLOCK are done; the first error of the group is returned. Per thread; groups nest. No order among the members of a group. */
HAWSER_API hawser_status hawser_group_begin(void);
HAWSER_API hawser_status hawser_group_end(void);

/* --- Streams of host work ------------------------------------------------------------------------------------------------------------
 * Operations on one stream happen in the order of the calls. A stream carries operations of communicators of its context. An operation that
 * fails is told by synchronize and query (the first error of the stream, until told once) and by its communicator's state. */
HAWSER_API hawser_status hawser_stream_create(hawser_context* context, hawser_stream* stream); /* context NULL: this thread's own */
HAWSER_API hawser_status hawser_stream_destroy(hawser_stream stream);                          /* waits for its work */
HAWSER_API hawser_status hawser_stream_query(hawser_stream stream);                            /* OK: idle; IN_PROGRESS; or an error */
HAWSER_API hawser_status hawser_stream_synchronize(hawser_stream stream, uint64_t timeout_ns); /* 0: no limit of its own */

/* --- Memory --------------------------------------------------------------------------------------------------------------------------
 * Memory that ranks of the same host read and write directly: collectives on it are the fastest. Page aligned, zero at first. */
HAWSER_API hawser_status hawser_alloc(hawser_context* context, size_t bytes, void** memory); /* context NULL: this thread's own */
HAWSER_API hawser_status hawser_free(hawser_context* context, void* memory);                 /* NULL is fine */
/* After a communicator of the context failed, memory given to hawser_free is not used again until the context ends: ranks that have not
 * heard of the failure yet may still store into it. */

/* --- Telling -------------------------------------------------------------------------------------------------------------------------
 * Text into the caller's buffer, cut to capacity and ended by zero; the return says how many bytes it needs, without the zero. */
/* The plan for a call like "all_reduce 64MiB f32 sum", "broadcast 1MiB bf16 root 3"; a last word "library" says that all buffers are from
 * hawser_alloc. Bytes as nccl-tests count them. */
HAWSER_API size_t hawser_explain(hawser_comm* comm, const char* request, char* text, size_t capacity);
HAWSER_API size_t hawser_comm_topology(hawser_comm* comm, char* text, size_t capacity);
HAWSER_API size_t hawser_comm_error(hawser_comm* comm, char* text, size_t capacity);
HAWSER_API size_t hawser_settings_text(char* text, size_t capacity); /* "name\tkind\tvalue\tdefault\tsentence" a line */

#ifdef __cplusplus
}
#endif
#endif
