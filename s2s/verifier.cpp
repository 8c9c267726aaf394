#include "s2s/verifier.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace s2s {
namespace {

constexpr std::chrono::seconds kLinger{2};

}  // namespace

Verifier::Verifier(Service& service, std::uint64_t asker, const Question& question)
    : Dialled(service, {.pair = question.pair, .bidi = false, .stream_management = false, .questions_only = true}) {
  add(asker, question);
}

bool Verifier::add(std::uint64_t asker, const Question& question) {
  if (is_over() || !stream().ask(question)) return false;
  leave_.cancel();
  pending_.push_back({asker, question, {}});
  const auto added = std::prev(pending_.end());
  added->patience = base::Timer(loop(), service().policy().limits().verification, [this, added] {
    stream().forget(added->question);
    tell(added, {.condition = xmpp::Condition::remote_server_timeout});
  });
  return true;
}

void Verifier::tell(std::list<Pending>::iterator each, const Verdict& verdict) {
  const Pending told = std::move(*each);
  pending_.erase(each);
  if (pending_.empty()) leave_ = base::Timer(loop(), kLinger, [this] { leave(); });
  service().verified(told.asker, told.question, verdict);
}

void Verifier::leave() {
  if (transport() != nullptr) return stream().close();
  end_with({.text = "nobody waits for it"});
}

void Verifier::answered(const Question& question, const Verdict& verdict) {
  arrived();
  const auto found = std::ranges::find_if(pending_, [&](const Pending& each) {
    return each.question.pair == question.pair && each.question.id == question.id;
  });
  if (found != pending_.end()) tell(found, verdict);
}

// Elsewhere, if the domain has another machine; else nobody can say.
void Verifier::over(const Failure& why) {
  leave_.cancel();
  service().retire(number());
  for (const Pending& each : std::exchange(pending_, {})) {
    if (why.elsewhere) {
      service().verify(each.asker, each.question);
    } else {
      service().verified(each.asker, each.question, {.condition = why.condition});
    }
  }
}

}  // namespace s2s
