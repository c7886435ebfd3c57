#include "engine/subject/slab.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine/base/check.h"
#include "engine/base/knob.h"

namespace dunlin::subject {
namespace {

constexpr size_t kFirstPageBytes = 256;
constexpr uint32_t kDoublings = 6;  // From kFirstPageBytes to kPageBytesMax.
static_assert(kFirstPageBytes << kDoublings == Slab::kPageBytesMax);

// Sizes go up in steps of 4 to 128, of 16 to 512, of 128 to kSmallMax.
constexpr size_t kFineMax = 128, kMiddleMax = 512;

}  // namespace

uint32_t Slab::ClassOf(size_t bytes) {
  if (bytes <= kFineMax) return static_cast<uint32_t>((bytes + 3) / 4 - 1);
  if (bytes <= kMiddleMax) return static_cast<uint32_t>(32 + (bytes - kFineMax + 15) / 16 - 1);
  if (bytes <= kSmallMax) return static_cast<uint32_t>(56 + (bytes - kMiddleMax + 127) / 128 - 1);
  return kLarge;
}

size_t Slab::ClassBytes(uint32_t size_class) {
  if (size_class < 32) return (size_class + 1) * size_t{4};
  if (size_class < 56) return kFineMax + (size_class - 31) * size_t{16};
  return kMiddleMax + (size_class - 55) * size_t{128};
}

uint32_t Slab::NewPage(uint32_t size_class, size_t bytes, size_t block_bytes) {
  if (pages_.empty()) {  // Page 0 stays unused: its first block would be kNone.
    pages_.emplace_back();
    bases_.push_back(nullptr);
  }
  uint32_t index = free_page_;
  if (index != kNone) {
    free_page_ = pages_[index].next;
  } else {
    CHECK(pages_.size() >> (32 - kOffsetBits) == 0);
    index = static_cast<uint32_t>(pages_.size());
    pages_.emplace_back();
    bases_.push_back(nullptr);
  }
  char* base = static_cast<char*>(std::malloc(bytes));
  CHECK(base != nullptr);
  bases_[index] = base;
  Page& page = pages_[index];
  page = Page();
  page.bytes = static_cast<uint32_t>(bytes);
  page.block_bytes = static_cast<uint32_t>(block_bytes);
  page.size_class = size_class;
  ++page_total_;
  page_bytes_ += bytes;
  return index;
}

void Slab::FreePage(uint32_t index) {
  Page& page = pages_[index];
  --page_total_;
  page_bytes_ -= page.bytes;
  std::free(bases_[index]);
  bases_[index] = nullptr;
  page = Page();
  page.next = free_page_;
  free_page_ = index;
}

void Slab::Link(uint32_t index) {
  Page& page = pages_[index];
  uint32_t& head = with_room_[page.size_class];
  page.prev = kNone;
  page.next = head;
  if (head != kNone) pages_[head].prev = index;
  head = index;
}

void Slab::Unlink(uint32_t index) {
  Page& page = pages_[index];
  if (page.prev != kNone) {
    pages_[page.prev].next = page.next;
  } else {
    with_room_[page.size_class] = page.next;
  }
  if (page.next != kNone) pages_[page.next].prev = page.prev;
  page.next = page.prev = kNone;
}

uint32_t Slab::Alloc(size_t bytes) {
  ++live_;
  const uint32_t size_class = ClassOf(bytes);
  if (size_class == kLarge) {
    CHECK(bytes <= UINT32_MAX);
    const uint32_t index = NewPage(kLarge, bytes, bytes);
    pages_[index].live = 1;
    return index << kOffsetBits;
  }
  uint32_t index = with_room_[size_class];
  if (index == kNone) {
    const size_t block_bytes = ClassBytes(size_class);
    const uint32_t doublings = std::min(page_count_[size_class], kDoublings);
    index = NewPage(size_class, std::max(kFirstPageBytes << doublings, block_bytes), block_bytes);
    ++page_count_[size_class];
    Link(index);
  }
  Page& page = pages_[index];
  uint32_t ref = page.free_block;
  if (ref != kNone) {
    std::memcpy(&page.free_block, At<char>(ref), sizeof page.free_block);
  } else {
    ref = index << kOffsetBits | page.used_to / static_cast<uint32_t>(kUnit);
    page.used_to += page.block_bytes;
  }
  ++page.live;
  if (!HasSpace(page)) Unlink(index);
  return ref;
}

// An empty page stays only if it is small or the only one with room among several: otherwise one
// block that comes and goes would take a page along each time.
bool Slab::KeepEmpty(const Page& page) const {
  if (page.next != kNone || page.prev != kNone) return false;
  return page_count_[page.size_class] > 1 || page.bytes <= 1024;
}

void Slab::Free(uint32_t ref) {
  const uint32_t index = ref >> kOffsetBits;
  CHECK(index < pages_.size() && pages_[index].live > 0);
  if (--live_ == 0) return Reset();
  Page& page = pages_[index];
  --page.live;
  if (page.size_class == kLarge) return FreePage(index);
  const bool had_space = HasSpace(page);
  if (IN_SIMULATION) std::memset(At<char>(ref), 0xdb, BlockBytes(ref));
  std::memcpy(At<char>(ref), &page.free_block, sizeof page.free_block);
  page.free_block = ref;
  if (!had_space) Link(index);
  if (page.live == 0 && !KeepEmpty(page)) {
    Unlink(index);
    --page_count_[page.size_class];
    FreePage(index);
  }
}

uint32_t Slab::Resize(uint32_t ref, size_t bytes) {
  const uint32_t index = ref >> kOffsetBits;
  if (pages_[index].size_class == kLarge && bytes > kSmallMax) {
    CHECK(bytes <= UINT32_MAX);
    char* base = static_cast<char*>(std::realloc(bases_[index], bytes));
    CHECK(base != nullptr);
    bases_[index] = base;
    page_bytes_ += bytes - pages_[index].bytes;
    pages_[index].bytes = pages_[index].block_bytes = static_cast<uint32_t>(bytes);
    return ref;
  }
  const uint32_t fresh = Alloc(bytes);
  std::memcpy(At<char>(fresh), At<char>(ref), std::min(bytes, BlockBytes(ref)));
  Free(ref);
  return fresh;
}

void Slab::Reset() {
  for (char* base : bases_) std::free(base);
  std::vector<char*>().swap(bases_);
  std::vector<Page>().swap(pages_);
  free_page_ = kNone;
  std::fill(std::begin(with_room_), std::end(with_room_), kNone);
  std::fill(std::begin(page_count_), std::end(page_count_), 0);
  live_ = 0;
  page_total_ = 0;
  page_bytes_ = 0;
}

size_t Slab::BlockBytes(uint32_t ref) const { return pages_[ref >> kOffsetBits].block_bytes; }

size_t Slab::BytesUsed() const {
  return page_bytes_ + bases_.capacity() * sizeof(char*) + pages_.capacity() * sizeof(Page);
}

uint32_t Slab::NextPlace(uint32_t ref) const {
  uint32_t index = ref >> kOffsetBits;
  uint32_t offset = (ref & kOffsetMask) * static_cast<uint32_t>(kUnit);
  if (index < pages_.size()) offset += pages_[index].block_bytes;
  for (; index < pages_.size(); ++index, offset = 0) {
    const Page& page = pages_[index];
    if (page.bytes != 0 && offset < page.used_to) {
      return index << kOffsetBits | offset / static_cast<uint32_t>(kUnit);
    }
  }
  return kNone;
}

}  // namespace dunlin::subject
