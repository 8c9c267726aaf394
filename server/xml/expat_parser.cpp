#include "xml/expat_parser.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.h"
#include "xml/tree_builder.h"

namespace xml {
namespace {

// Expat's memory functions take no context, so the count to charge is set around each call into it. Calls nest:
// a sink may feed another reader.
thread_local std::size_t* charged = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

class Charge {
 public:
  explicit Charge(std::size_t& count) : outer_(std::exchange(charged, &count)) {}
  ~Charge() { charged = outer_; }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

 private:
  std::size_t* outer_;
};

constexpr std::size_t kPrefix = alignof(std::max_align_t);  // holds a piece's size

std::size_t size_of(const char* block) {
  std::size_t size = 0;
  std::memcpy(&size, block, sizeof size);
  return size;
}

void* counted_realloc(void* piece, std::size_t size) {
  char* old = piece != nullptr ? static_cast<char*>(piece) - kPrefix : nullptr;
  const std::size_t old_size = old != nullptr ? size_of(old) : 0;
  char* block = static_cast<char*>(std::realloc(old, size + kPrefix));
  if (block == nullptr) return nullptr;
  std::memcpy(block, &size, sizeof size);
  if (charged != nullptr) *charged += size - old_size;
  return block + kPrefix;
}

void* counted_malloc(std::size_t size) { return counted_realloc(nullptr, size); }

void counted_free(void* piece) {
  if (piece == nullptr) return;
  char* block = static_cast<char*>(piece) - kPrefix;
  if (charged != nullptr) *charged -= size_of(block);
  std::free(block);
}

constexpr XML_Memory_Handling_Suite kCounted = {counted_malloc, counted_realloc, counted_free};

}  // namespace

ExpatParser::ExpatParser() {
  const Charge charge(memory_);
  constexpr char kSeparator[] = {kNameSeparator, '\0'};
  handle_ = XML_ParserCreate_MM("UTF-8", &kCounted, kSeparator);
  if (handle_ == nullptr) throw std::bad_alloc();
  XML_SetReturnNSTriplet(handle_, 1);
  // With deferral a complete element that came in two pieces may stay unreported until more bytes come. The
  // quadratic cost it guards against is bounded by Limits::max_bytes.
#ifdef EXEDRA_EXPAT_CAN_DEFER
  XML_SetReparseDeferralEnabled(handle_, XML_FALSE);
#endif
}

ExpatParser::~ExpatParser() {
  const Charge charge(memory_);
  XML_ParserFree(handle_);
}

void ExpatParser::prime(const Context& header) {
  base::check(parse(*header) == XML_STATUS_OK, "a header once parsed parses again");
  context = header;
}

XML_Status ExpatParser::parse(std::string_view bytes) {
  const Charge charge(memory_);
  fed_ += bytes.size();
  return XML_Parse(handle_, bytes.data(), static_cast<int>(bytes.size()), XML_FALSE);
}

}  // namespace xml
