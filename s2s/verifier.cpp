#include "s2s/verifier.h"

#include <utility>

namespace s2s {

Verifier::Verifier(Service& service, std::uint64_t asker, Question question)
    : Dialled(service, {.pair = question.pair, .bidi = false, .stream_management = false, .questions_only = true}),
      asker_(asker),
      question_(std::move(question)) {
  stream().ask(question_);
  patience_ = base::Timer(loop(), service.policy().limits().verification, [this] {
    tell({.condition = xmpp::Condition::remote_server_timeout});
    end({xmpp::StreamCondition::connection_timeout, "No answer about a dialback key."});
  });
}

void Verifier::tell(const Verdict& verdict) {
  if (std::exchange(told_, true)) return;
  patience_.cancel();
  service().verified(asker_, question_, verdict);
}

void Verifier::answered(const Question&, const Verdict& verdict) {
  tell(verdict);
  stream().close();
}

void Verifier::over(const Failure& why) {
  tell({.condition = why.condition});
  service().retire(number());
}

}  // namespace s2s
