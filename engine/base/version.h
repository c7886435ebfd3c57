// Which release of the reference we are compatible with. Clients and tools decide by it what a
// server can do (INFO's 'version', '-v', /varz), so it is the reference's number and not our own.
#pragma once

namespace dunlin {

inline constexpr char kReferenceVersion[] = "2.14.5";

}  // namespace dunlin
