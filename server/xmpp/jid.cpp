#include "xmpp/jid.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "base/check.h"
#include "xmpp/domain.h"
#include "xmpp/precis.h"

namespace xmpp {
namespace {

constexpr std::size_t kMaxPart = 1023;               // bytes, after preparation (RFC 7622 3.1)
constexpr std::size_t kMaxRaw = 4 * kMaxPart;        // what preparation is tried on at all; bounds the work
constexpr std::string_view kExcluded = "\"&'/:<>@";  // RFC 7622 3.3.1

using Part = base::Result<std::string, JidError>;

std::unexpected<JidError> refuse(std::string why) { return std::unexpected(JidError{std::move(why)}); }

template <class Prepare>
Part prepare(std::string_view text, std::string_view what, Prepare how) {
  if (text.size() > kMaxRaw) return refuse(std::string(what) + " is too long");
  std::optional<std::string> prepared = how(text);
  if (!prepared) return refuse("bad " + std::string(what));
  if (prepared->empty()) return refuse("empty " + std::string(what));
  if (prepared->size() > kMaxPart) return refuse(std::string(what) + " is longer than 1023 bytes");
  return *std::move(prepared);
}

Part prepare_local(std::string_view text) {
  return prepare(text, "local part", [](std::string_view raw) {
    auto prepared = precis::username_case_mapped(raw);
    // After the mappings: a fullwidth '@' has become a plain one by now.
    if (prepared && prepared->find_first_of(kExcluded) != std::string::npos) prepared.reset();
    return prepared;
  });
}

struct Split {
  std::optional<std::string_view> local;
  std::string_view domain;
  std::optional<std::string_view> resource;
};

/// RFC 7622 3.1: the resource starts at the first '/', whatever it holds; the local part ends at the first '@'.
Split split(std::string_view text) {
  Split parts;
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    parts.resource = text.substr(slash + 1);
    text = text.substr(0, slash);
  }
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    parts.local = text.substr(0, at);
    text = text.substr(at + 1);
  }
  parts.domain = text;
  return parts;
}

}  // namespace

base::Ref<const Jid::Rep> Jid::Rep::make(std::string_view local, std::string_view domain, std::string_view resource) {
  const std::size_t domain_at = local.empty() ? 0 : local.size() + 1;
  const std::size_t bare_size = domain_at + domain.size();
  const std::size_t size = resource.empty() ? bare_size : bare_size + 1 + resource.size();
  void* memory = ::operator new(sizeof(Rep) + size);
  char* text = static_cast<char*>(memory) + sizeof(Rep);
  if (!local.empty()) *std::ranges::copy(local, text).out = '@';
  std::ranges::copy(domain, text + domain_at);
  if (!resource.empty()) {
    text[bare_size] = '/';
    std::ranges::copy(resource, text + bare_size + 1);
  }
  Rep* rep = ::new (memory) Rep;
  rep->domain_at = static_cast<std::uint16_t>(domain_at);
  rep->bare_size = static_cast<std::uint16_t>(bare_size);
  rep->size = static_cast<std::uint16_t>(size);
  return base::Ref<const Rep>(rep);
}

Jid::Jid(base::Ref<const Rep> rep) : rep_(std::move(rep)) {}

base::Result<Jid, JidError> Jid::parse(std::string_view text) {
  const Split parts = split(text);
  if (parts.local && parts.local->empty()) return refuse("empty local part");
  if (parts.resource && parts.resource->empty()) return refuse("empty resource");
  return make(parts.local.value_or(""), parts.domain, parts.resource.value_or(""));
}

base::Result<Jid, JidError> Jid::make(std::string_view local, std::string_view domain, std::string_view resource) {
  Part prepared_local;
  Part prepared_resource;
  if (!local.empty()) prepared_local = prepare_local(local);
  if (!prepared_local) return std::unexpected(prepared_local.error());
  const Part prepared_domain = prepare(domain, "domain", prepare_domain);
  if (!prepared_domain) return std::unexpected(prepared_domain.error());
  if (!resource.empty()) prepared_resource = prepare(resource, "resource", precis::opaque_string);
  if (!prepared_resource) return std::unexpected(prepared_resource.error());
  return Jid(Rep::make(*prepared_local, *prepared_domain, *prepared_resource));
}

Jid Jid::from_prepared(std::string_view text) {
  const Split parts = split(text);
  const auto fits = [](std::string_view part) { return !part.empty() && part.size() <= kMaxPart; };
  base::check(fits(parts.domain) && fits(parts.local.value_or("-")) && fits(parts.resource.value_or("-")),
              "a prepared address has parts of 1 to 1023 bytes");
  return Jid(Rep::make(parts.local.value_or(""), parts.domain, parts.resource.value_or("")));
}

std::string_view Jid::str() const { return rep_ ? rep_->text() : std::string_view(); }

std::string_view Jid::local() const {
  return rep_ && rep_->domain_at > 0 ? str().substr(0, rep_->domain_at - 1U) : std::string_view();
}

std::string_view Jid::domain() const { return rep_ ? bare_str().substr(rep_->domain_at) : std::string_view(); }

std::string_view Jid::resource() const {
  return rep_ && rep_->bare_size < rep_->size ? str().substr(rep_->bare_size + 1U) : std::string_view();
}

std::string_view Jid::bare_str() const { return rep_ ? str().substr(0, rep_->bare_size) : std::string_view(); }

Jid Jid::bare() const { return is_bare() ? *this : Jid(Rep::make(local(), domain(), {})); }

Jid Jid::domain_jid() const { return empty() || is_domain() ? *this : Jid(Rep::make({}, domain(), {})); }

base::Result<Jid, JidError> Jid::with_resource(std::string_view resource) const {
  if (empty()) return refuse("no address to add a resource to");
  const Part prepared = prepare(resource, "resource", precis::opaque_string);
  if (!prepared) return std::unexpected(prepared.error());
  return Jid(Rep::make(local(), domain(), *prepared));
}

std::uint64_t Jid::bare_hash() const { return stable_hash(bare_str()); }

bool same_bare(const Jid& a, const Jid& b) { return a.bare_str() == b.bare_str(); }

std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

}  // namespace xmpp
