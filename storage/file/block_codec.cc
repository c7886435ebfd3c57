#include "storage/file/block_codec.h"

namespace dunlin::file {

bool BlockCodec::Decode(const Block&, std::string*, std::string*) { return true; }

}  // namespace dunlin::file
