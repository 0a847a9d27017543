// SPDX-License-Identifier: Apache-2.0
// Put into a copy of the page by report_chromium.py: looks at what the browser made of it and tells the frame round it.
// The report itself has no script.
addEventListener("load", () => {
	const wrong = [];
	const rgb = (text) => {
		const m = text.match(/[\d.]+/g).map(Number);
		return { r: m[0], g: m[1], b: m[2], a: m.length > 3 ? m[3] : 1 };
	};
	// WCAG 2 relative luminance and contrast
	const light = (c) => {
		const f = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * f(c.r) + 0.7152 * f(c.g) + 0.0722 * f(c.b);
	};
	const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const c = rgb(getComputedStyle(e).backgroundColor);
			if (c.a === 1)
				return c;
		}
		return { r: 255, g: 255, b: 255, a: 1 };
	};
	const own = (e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent.trim()).join("");
	const seen = (e) => { const b = e.getBoundingClientRect(); return b.width > 0 && b.height > 0; };

	for (const e of document.querySelectorAll("body *")) {
		if (!own(e) || !seen(e) || ["title", "desc", "style", "script"].includes(e.localName) || e.closest(".skip"))
			continue;
		const style = getComputedStyle(e), ink = rgb(e.ownerSVGElement ? style.fill : style.color);
		const c = contrast(ink, behind(e));
		if (c < 4.5)
			wrong.push(`contrast ${c.toFixed(2)} of "${own(e).slice(0, 30)}"`);
	}
	for (const mark of document.querySelectorAll(".cv, .dt, .xx, .pt, .wh, .pb, .md")) {
		const style = getComputedStyle(mark);
		const ink = style.fill !== "none" && !mark.matches(".vn *, .vc *") ? style.fill : style.stroke;
		const c = contrast(rgb(ink), behind(mark));
		if (c < 3)
			wrong.push(`contrast ${c.toFixed(2)} of a mark ${mark.getAttribute("class")}`);
	}
	for (const svg of document.querySelectorAll("figure svg")) {
		const box = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll("text")];
		const boxes = texts.map((t) => t.getBoundingClientRect());
		if (box.width < 100 || box.height < 40)
			wrong.push(`${svg.id} is ${box.width} x ${box.height}`);
		boxes.forEach((b, i) => {
			if (b.left < box.left - 2 || b.right > box.right + 2 || b.top < box.top - 2 || b.bottom > box.bottom + 2)
				wrong.push(`${svg.id}: "${texts[i].textContent}" leaves the picture`);
			for (let k = 0; k < i; k++) {
				const o = boxes[k], scale = box.width / 360;
				if (Math.min(b.right, o.right) - Math.max(b.left, o.left) > scale &&
				    Math.min(b.bottom, o.bottom) - Math.max(b.top, o.top) > 3 * scale)
					wrong.push(`${svg.id}: "${texts[i].textContent}" and "${texts[k].textContent}" overlap`);
			}
		});
	}
	for (const box of document.querySelectorAll(".scroll, pre, figure, .answer, .note"))
		if (box.getBoundingClientRect().right > innerWidth + 1)
			wrong.push(`${box.className || box.localName} is wider than the page`);
	const page = document.documentElement;
	if (page.scrollWidth > innerWidth)
		wrong.push(`the page is ${page.scrollWidth} wide in a window of ${innerWidth}`);
	parent.postMessage({
		wrong, width: innerWidth, dark: matchMedia("(prefers-color-scheme: dark)").matches,
		paper: getComputedStyle(document.body).backgroundColor,
		figures: document.querySelectorAll("figure svg").length,
	}, "*");
});
