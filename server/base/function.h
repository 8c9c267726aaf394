// Callables that are called on one thread and may own what they capture.
#pragma once

#include <functional>

namespace base {

template <class Signature>
using Fn = std::move_only_function<Signature>;

}  // namespace base
