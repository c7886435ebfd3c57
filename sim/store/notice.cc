#include "sim/store/notice.h"

namespace dunlin::sim {

bool SpeaksOfBlock(std::string_view notice, std::string_view path) {
  constexpr std::string_view kFolder = "/msgs/", kEnd = ".blk";
  const size_t folder = path.rfind(kFolder);
  if (folder == std::string_view::npos) return false;
  if (path.ends_with(".part")) {
    std::string begin("stream '");
    const std::string_view above = path.substr(0, folder);
    begin.append(above.substr(above.rfind('/') + 1)).append("', ").append(path.substr(folder + 1));
    return notice.starts_with(begin.append(","));
  }
  if (!path.ends_with(kEnd)) return false;
  std::string_view number = path.substr(folder + kFolder.size());
  number.remove_suffix(kEnd.size());
  const std::string_view above = path.substr(0, folder);
  std::string begin("stream '");
  begin.append(above.substr(above.rfind('/') + 1)).append("', block ").append(number).append(",");
  return notice.starts_with(begin);
}

}  // namespace dunlin::sim
