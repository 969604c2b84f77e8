/* The words of each mark of a picture, where the pointer is or the arrow keys lead. */
'use strict';

window.ftbenchPicture = function (svg) {
    const marks = [...svg.querySelectorAll('title')].map(title => {
        const mark = title.parentNode;
        mark.said = title.textContent;
        title.remove();
        return mark;
    });
    if (!marks.length) {
        return;
    }
    const tip = document.createElement('output');
    Object.assign(tip, {className: 'tip', hidden: true});
    let at = null;
    svg.after(tip);
    svg.parentElement.classList.add('tipped');
    svg.tabIndex = 0;

    function show(mark) {
        marks.forEach(each => each.classList.toggle('at', each === mark));
        at = mark;
        tip.hidden = !mark;
        if (mark) {
            tip.textContent = mark.said;
            const box = mark.getBoundingClientRect(), whole = svg.parentElement.getBoundingClientRect();
            const left = box.left + box.width / 2 - whole.left - tip.offsetWidth / 2;
            tip.style.left = `${Math.max(0, Math.min(left, whole.width - tip.offsetWidth))}px`;
            tip.style.top = `${box.top - whole.top - tip.offsetHeight - 6}px`;
        }
    }

    function inOrder() {
        const boxes = new Map(marks.map(mark => [mark, mark.getBoundingClientRect()]));
        return marks.sort((one, other) => boxes.get(one).top - boxes.get(other).top
            || boxes.get(one).left - boxes.get(other).left);
    }

    const STEPS = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1};
    svg.addEventListener('pointerover', event => {
        if (event.target.said) {
            show(event.target);
        }
    });
    svg.addEventListener('pointerleave', () => show(null));
    svg.addEventListener('focus', () => { if (!at) { show(inOrder()[0]); } });
    svg.addEventListener('blur', () => show(null));
    svg.addEventListener('keydown', event => {
        if (event.key in STEPS) {
            event.preventDefault();
            const next = marks.length + inOrder().indexOf(at) + STEPS[event.key];
            show(marks[next % marks.length]);
        } else if (event.key === 'Escape') {
            show(null);
        }
    });
};

window.addEventListener('DOMContentLoaded', () =>
    document.querySelectorAll('svg.chart').forEach(window.ftbenchPicture));
