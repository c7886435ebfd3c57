#include "storage/exposed.h"

#include <utility>

namespace dunlin {

void Exposed::NoteDamage(std::string detail) {
  detail_ = std::move(detail);
  ++damages_;
}

void Exposed::NoteRecord(AssetNumber asset) {
  if (damages_ == 0) return;
  if (asset.value >= seen_.size()) seen_.resize(asset.value + size_t{1});
  seen_[asset.value] = damages_;
}

void Exposed::Tell(AssetNumber asset, const std::string& name, std::vector<std::string>* notices) {
  if (asset.value < seen_.size() && seen_[asset.value] == damages_) return;
  if (++told_ > kToldMax) return;
  notices->push_back(name + ": its last changes may be among what is lost: " + detail_);
}

void Exposed::TellRest(std::vector<std::string>* notices) {
  if (told_ <= kToldMax) return;
  notices->push_back("the last changes of " + std::to_string(told_ - kToldMax) +
                     " more streams and consumers may be among what is lost: " + detail_);
}

}  // namespace dunlin
