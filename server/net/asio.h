// Internal to net/*.cpp: Boost.Asio without its warnings, and what the loop keeps of it.
#pragma once

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#pragma GCC diagnostic pop

namespace net {

class AsioLoop;
/// The loop's own context, for the sockets of this folder. Asking for it is a look_at_asio(), too.
boost::asio::io_context& context_of(AsioLoop& loop);
/// Has the loop call this turn what completed at once. To be called where an operation is started or given up outside
/// of another's completion: Asio wakes nobody for it.
void look_at_asio(AsioLoop& loop);

}  // namespace net
