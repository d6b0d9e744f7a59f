#include "build/view.h"

int slip_view_mount(struct slip_view *view, struct slip_builder *b, struct slip_error *err)
{
    if (view->stack.n == 0 && !view->stack.host)
        return 0;
    if (view->work.scratch < 0 && slip_work_begin(&view->work, b, NULL, err) < 0)
        return -1;
    const struct slip_rootfs rootfs = {
        .layers = view->stack.fds,
        .nlayers = view->stack.n,
        .upper = view->upper,
        .scratch = view->work.scratch,
        .host = view->stack.host,
    };
    return slip_rootfs_mount(&rootfs, &view->mounted, err);
}

int slip_view_of_step(struct slip_view *view, struct slip_builder *b, const struct slip_step *step,
                      struct slip_error *err)
{
    if (step && slip_stack_open(b, step, &view->stack, err) < 0)
        return -1;
    return slip_view_mount(view, b, err);
}

int slip_view_of_input(struct slip_view *view, struct slip_builder *b,
                       const struct slip_input *input, struct slip_error *err)
{
    if (slip_input_stack(b, input, &view->stack, err) < 0)
        return -1;
    return slip_view_mount(view, b, err);
}

void slip_view_release(struct slip_view *view)
{
    slip_mounted_release(&view->mounted);
    slip_stack_release(&view->stack);
    slip_work_release(&view->work);
    *view = SLIP_VIEW_INIT;
}
