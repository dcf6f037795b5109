//! The cluster with real servers of Redis. Where there is no `redis-server`, the tests are left out and say so; with
//! `CHINWAG_REQUIRE_CLIENTS=1` in the environment, they fail.

mod coming;
mod failing;
mod losing;
mod member;
mod places;
mod proxy;
mod server;
