// What an operation gives back: a value, or an error that says what was being done.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace base {

/// A network, storage or configuration failure, worded for the operator.
struct Error {
  std::string what;  ///< what was being done and why it failed, in one line

  /// The same failure seen from the caller: "doing: what".
  Error in(std::string_view doing) const { return {std::string(doing) + ": " + what}; }
};

template <class T, class E = Error>
using Result = std::expected<T, E>;

/// Shorthand for the failed branch of a Result<…, Error>.
inline std::unexpected<Error> failure(std::string what) { return std::unexpected(Error{std::move(what)}); }

}  // namespace base
