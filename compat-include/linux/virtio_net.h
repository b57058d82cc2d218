/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges <linux/virtio_net.h> of Linux 6.2 and later. */
#ifndef CK_COMPAT_LINUX_VIRTIO_NET_H
#define CK_COMPAT_LINUX_VIRTIO_NET_H

#include_next <linux/virtio_net.h>

/* Before 6.2 it knew no VIRTIO_NET_HDR_GSO_UDP_L4. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5

static inline int ck_virtio_net_hdr_from_skb(const struct sk_buff *skb,
					     struct virtio_net_hdr *hdr,
					     bool little_endian,
					     bool has_data_valid, int vlan_hlen)
{
	const struct skb_shared_info *info = skb_shinfo(skb);

	if (!skb_is_gso(skb) || !(info->gso_type & SKB_GSO_UDP_L4))
		return virtio_net_hdr_from_skb(skb, hdr, little_endian,
					       has_data_valid, vlan_hlen);
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return -EINVAL;
	memset(hdr, 0, sizeof(*hdr));
	hdr->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
	hdr->gso_size = __cpu_to_virtio16(little_endian, info->gso_size);
	hdr->hdr_len = __cpu_to_virtio16(little_endian, skb_headlen(skb));
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = __cpu_to_virtio16(little_endian,
					    skb_checksum_start_offset(skb) + vlan_hlen);
	hdr->csum_offset = __cpu_to_virtio16(little_endian, skb->csum_offset);
	return 0;
}

static inline int ck_virtio_net_hdr_to_skb(struct sk_buff *skb,
					   const struct virtio_net_hdr *hdr,
					   bool little_endian)
{
	u16 gso_size = __virtio16_to_cpu(little_endian, hdr->gso_size);
	struct virtio_net_hdr plain = *hdr;
	unsigned int payload;

	if (hdr->gso_type != VIRTIO_NET_HDR_GSO_UDP_L4)
		return virtio_net_hdr_to_skb(skb, hdr, little_endian);
	if (!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || !gso_size ||
	    gso_size == GSO_BY_FRAGS)
		return -EINVAL;
	plain.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	if (virtio_net_hdr_to_skb(skb, &plain, little_endian) ||
	    skb->csum_offset != offsetof(struct udphdr, check) ||
	    !pskb_may_pull(skb, skb_transport_offset(skb) + sizeof(struct udphdr)))
		return -EINVAL;
	payload = skb->len - skb_transport_offset(skb) - sizeof(struct udphdr);
	if (payload > gso_size * UDP_MAX_SEGMENTS)
		return -EINVAL;
	if (payload > gso_size) {
		skb_shinfo(skb)->gso_size = gso_size;
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4 | SKB_GSO_DODGY;
		skb_shinfo(skb)->gso_segs = 0;
	}
	return 0;
}

#define virtio_net_hdr_from_skb ck_virtio_net_hdr_from_skb
#define virtio_net_hdr_to_skb ck_virtio_net_hdr_to_skb
#endif

#endif /* CK_COMPAT_LINUX_VIRTIO_NET_H */
